/** `ouro lsp`: what an editor runs as its language server; it reaches the one daemon, or starts it. */

import { Command } from "commander";
import { connectLsp } from "../../transport/daemon/connect.js";
import { proxy } from "../../transport/daemon/proxy.js";
import { type Cli, EXIT_FAILED } from "../cli.js";
import { Exit } from "../exit.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";
import { protocolStreams, refuseDebuggers } from "../processCli.js";
import { orInterrupted, preparedAccessOf } from "./daemonAccess.js";

export function lspCommand(cli: Cli): Command {
  return addCommonOptions(new Command("lsp"))
    .description("Speak LSP on stdin and stdout, for editors; starts the daemon where none runs.")
    .addHelpText("after", examples("ouro lsp"))
    .action(async (_options, command: Command) => {
      refuseDebuggers();
      const access = await preparedAccessOf(cli, commonSchema.parse(command.opts()));
      const { stream } = await orInterrupted(cli, connectLsp(access));
      const end = await proxy({ ...protocolStreams(), daemon: stream, signal: cli.signal });
      if (end === "daemon-gone") {
        throw new Exit(EXIT_FAILED, "the daemon ended; the next `ouro lsp` starts it again");
      }
    });
}
