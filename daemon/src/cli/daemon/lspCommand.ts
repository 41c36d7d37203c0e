/** `ouro lsp`: what an editor runs as its language server; it reaches the one daemon, or starts it. */

import { Command } from "commander";
import { codeOf, errorMessage } from "../../base/errorMessage.js";
import { EXIT_DAEMON_STOPPED } from "../../protocol/handshake.js";
import { connectLsp } from "../../transport/daemon/connect.js";
import { whyStopped } from "../../transport/daemon/ensureDaemon.js";
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
      const { stream } = await orInterrupted(cli, connectLsp(access)).catch((error: unknown) => {
        throw codeOf(error) === "daemon-stopped" ? new Exit(EXIT_DAEMON_STOPPED, errorMessage(error)) : error;
      });
      const end = await proxy({
        ...protocolStreams(),
        daemon: stream,
        signal: cli.signal,
        whyItIsSilent: () => whyStopped(access.runtime.lock),
      });
      if (end === "daemon-gone") {
        throw new Exit(EXIT_FAILED, "the daemon ended; the next `ouro lsp` starts it again");
      }
    });
}
