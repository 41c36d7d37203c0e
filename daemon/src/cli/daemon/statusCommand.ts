/** `ouro status`: what the daemon is doing. It never starts one. */

import { resolve } from "node:path";
import { Command } from "commander";
import { assertNever } from "../../base/errors.js";
import type { DaemonState, LearningState } from "../../protocol/state.js";
import { findHttp } from "../../transport/daemon/connect.js";
import { type Discovery, readDiscovery } from "../../transport/daemon/discovery.js";
import { type Cli, printJson } from "../cli.js";
import { Exit } from "../exit.js";
import { formatBytes, formatTable } from "../format.js";
import { addProjectOption, examples, projectSchema } from "../options.js";
import { accessOf, orInterrupted } from "./daemonAccess.js";
import { describeModelState } from "./describeModelState.js";

/** The code by which service managers say "not running". */
const EXIT_ABSENT = 3;

export function statusCommand(cli: Cli): Command {
  return addProjectOption(new Command("status"))
    .description("Show what the daemon is doing; exit code 3 when none runs.")
    .addHelpText("after", examples("ouro status", "ouro status --json"))
    .action(async (_options, command: Command) => {
      const options = projectSchema.parse(command.opts());
      const access = accessOf(cli, options);
      const daemon = await orInterrupted(cli, findHttp(access));
      if (daemon === undefined) throw new Exit(EXIT_ABSENT, "no daemon runs; `ouro start` starts one");
      const state = await daemon.status({ folder: resolve(cli.currentFolder, options.project ?? ".") });
      if (options.json) return printJson(cli, state);
      cli.print(describe({ state, discovery: await readDiscovery(access.runtime.discovery) }));
    });
}

function describe(shown: { readonly state: DaemonState; readonly discovery: Discovery | undefined }): string {
  const { state, discovery } = shown;
  const projects = state.projects.flatMap(({ name, folder, adapterVersion, learned, learning }) => [
    ["project", `${name} (${folder})`],
    ["  learned", `${learned} corrections, adapter version ${adapterVersion}`],
    ["  learning", describeLearning(learning)],
  ]);
  const port = discovery?.httpPort ?? null;
  return formatTable([
    ["daemon", `process ${state.pid}, version ${state.version}`],
    ["model", describeModelState(state.model)],
    ...projects,
    ...(port === null ? [] : [["http", `127.0.0.1:${port}`]]),
    ...(discovery === undefined ? [] : [["log", discovery.log]]),
    ...state.notices.map((notice) => ["notice", notice]),
    ...(state.memory ?? []).map(({ name, bytes, bytesMax }, at) => [
      at === 0 ? "memory" : "",
      `${name}: ${formatBytes(bytes)}${bytesMax === null ? "" : ` of at most ${formatBytes(bytesMax)}`}`,
    ]),
  ]);
}

function describeLearning(learning: LearningState): string {
  switch (learning.kind) {
    case "idle":
      return "nothing to learn";
    case "learning":
      return `step ${learning.step} of at most ${learning.stepsMax}, ${learning.waiting} waiting`;
    case "paused":
      return `paused, ${learning.waiting} waiting`;
    case "failed":
      return `failed: ${learning.message}`;
    default:
      return assertNever(learning);
  }
}
