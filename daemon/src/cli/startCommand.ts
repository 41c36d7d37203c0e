/** `ouro start`: the daemon runs afterwards, whoever started it. */

import { Command } from "commander";
import { AppError } from "../errors.js";
import type { DaemonState } from "../protocol/state.js";
import { connectHttp } from "../transport/connect.js";
import type { DaemonAccess } from "../transport/ensureDaemon.js";
import { DaemonRefusal } from "../transport/httpClient.js";
import { type Cli, printJson } from "./cli.js";
import { orInterrupted, preparedAccessOf } from "./daemonAccess.js";
import { describeModelState } from "./describeModelState.js";
import { addCommonOptions, commonSchema, examples } from "./options.js";

export function startCommand(cli: Cli): Command {
  return addCommonOptions(new Command("start"))
    .description("Start the daemon, where none runs; editors do so by themselves.")
    .addHelpText("after", examples("ouro start"))
    .action(async (_options, command: Command) => {
      const options = commonSchema.parse(command.opts());
      const access = await preparedAccessOf(cli, options);
      const { version, pid, model } = await orInterrupted(cli, runningState(access));
      if (options.json) printJson(cli, { version, pid, model });
      else cli.print(`The daemon runs (process ${pid}); its model: ${describeModelState(model)}.\n`);
    });
}

/** A newer version may take over just after the old daemon let us in. */
const TAKEOVERS_MAX = 3;

async function runningState(access: DaemonAccess): Promise<DaemonState> {
  for (let takeover = 0; ; takeover++) {
    const daemon = await connectHttp(access);
    try {
      return await daemon.status({});
    } catch (error) {
      const isEnding =
        (error instanceof AppError && error.code === "daemon-absent") ||
        (error instanceof DaemonRefusal && error.daemonCode === "draining");
      if (!isEnding || takeover === TAKEOVERS_MAX) throw error;
    }
  }
}
