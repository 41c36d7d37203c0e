/** `ouro start`: the daemon runs afterwards, whoever started it. */

import { Command } from "commander";
import { askDaemon } from "../../transport/daemon/connect.js";
import { type Cli, printJson } from "../cli.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";
import { orInterrupted, preparedAccessOf } from "./daemonAccess.js";
import { describeModelState } from "./describeModelState.js";

export function startCommand(cli: Cli): Command {
  return addCommonOptions(new Command("start"))
    .description("Start the daemon, where none runs; editors do so by themselves.")
    .addHelpText("after", examples("ouro start"))
    .action(async (_options, command: Command) => {
      const options = commonSchema.parse(command.opts());
      const access = await preparedAccessOf(cli, options);
      const { version, pid, model } = await orInterrupted(
        cli,
        askDaemon(access, (daemon) => daemon.status({})),
      );
      if (options.json) printJson(cli, { version, pid, model });
      else cli.print(`The daemon runs (process ${pid}); its model: ${describeModelState(model)}.\n`);
    });
}
