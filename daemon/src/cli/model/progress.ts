/** How commands about model files show how far they are. */

import type { Cli } from "../cli.js";

export function progressOf(cli: Cli, phase: string): (done: number, total: number) => void {
  return (done, total) => cli.showProgress({ phase, done, total, detail: "", secondsLeft: undefined });
}
