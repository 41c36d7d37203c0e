/** `ouro stop`: the daemon has ended afterwards, with everything written down. */

import { Command } from "commander";
import { assertNever } from "../../base/errors.js";
import { stopDaemon } from "../../transport/daemon/stopDaemon.js";
import { type Cli, printJson } from "../cli.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";
import { accessOf, orInterrupted } from "./daemonAccess.js";

export function stopCommand(cli: Cli): Command {
  return addCommonOptions(new Command("stop"))
    .description("Let the daemon finish what it is doing and end; what was taught is kept.")
    .addHelpText("after", examples("ouro stop"))
    .action(async (_options, command: Command) => {
      const options = commonSchema.parse(command.opts());
      const stopped = await orInterrupted(cli, stopDaemon(accessOf(cli, options)));
      if (options.json) return printJson(cli, stopped);
      switch (stopped.kind) {
        case "absent":
          return cli.print("No daemon runs.\n");
        case "stopped":
          return cli.print(`The daemon (process ${stopped.pid}) has ended.\n`);
        default:
          return assertNever(stopped);
      }
    });
}
