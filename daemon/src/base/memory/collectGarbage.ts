/**
 * Runs JavaScript's collector at once. The engine's values are small in JavaScript and large outside, and a process that
 * does nothing collects nothing. Takes tens of milliseconds: for when nobody waits for an answer.
 */

import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: unknown;

/** Resolves when what was found has been given back too. */
export async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc");
  }
  if (typeof collect === "function") collect();
  // Native values are given back one turn after they were found.
  await turn();
  await turn();
}
