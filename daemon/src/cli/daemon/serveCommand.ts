/** `ouro serve`: the daemon itself, in this process. Clients start it by themselves; a person does to watch it. */

import { Command } from "commander";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import type { LogFile } from "../../base/logFile.js";
import type { DaemonAccess } from "../../transport/daemon/ensureDaemon.js";
import type { Product } from "../../transport/daemon/product.js";
import { runDaemon } from "../../transport/daemon/runDaemon.js";
import { EXIT_DAEMON_RUNNING } from "../../transport/daemon/spawnDaemon.js";
import { type Cli, printJson } from "../cli.js";
import { Exit } from "../exit.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";
import { becomeDaemon, endProcess, endProcessAtOnce, PROCESS_ID } from "../processCli.js";
import { accessOf } from "./daemonAccess.js";

const serveSchema = commonSchema.extend({ wait: z.boolean().default(false) });

export function serveCommand(cli: Cli): Command {
  return addCommonOptions(new Command("serve"))
    .description(
      "Be the daemon, in the foreground, until stopped or unused; exit code 3 when one runs already.",
    )
    .option("--wait", "wait for a running daemon to end instead of leaving it its place")
    .addHelpText("after", examples("ouro serve"))
    .action(async (_options, command: Command) => {
      const { wait, home, json } = serveSchema.parse(command.opts());
      const access = accessOf(cli, { home });
      let log: LogFile | undefined;
      becomeDaemon(async (error) => {
        log?.error({ error }, "crashed");
        await log?.close();
      });
      const served = await runDaemon({
        access,
        ifOneRuns: wait ? "wait" : "leave",
        loadProduct: () => loadProduct(access),
        onLog: (opened) => {
          log = opened;
        },
        onReady: (runtime) => notifyReady({ cli, runtime, json }),
      }).catch(leaveToTheOther);
      if (served.kind === "hanging") endProcessAtOnce();
      await endProcess(0);
    });
}

async function loadProduct({ home, version }: DaemonAccess): Promise<Product> {
  const { openAssistant } = await import("../../compose.js");
  const { serveLsp } = await import("../../transport/lsp/lspServer.js");
  return {
    serveLsp,
    openAssistant: (opened) => openAssistant({ homeFolder: home.root, version, ...opened }),
  };
}

function leaveToTheOther(error: unknown): never {
  if (error instanceof AppError && error.code === "daemon-running") {
    throw new Exit(EXIT_DAEMON_RUNNING, error.message);
  }
  throw error;
}

/** Shows a person or a program that watches that the daemon is there; one that a client started has nobody to show it. */
function notifyReady(ready: {
  readonly cli: Cli;
  readonly runtime: Pick<DaemonAccess["runtime"], "lspSocket" | "httpSocket" | "log">;
  readonly json: boolean;
}): void {
  const { cli, runtime, json } = ready;
  const { lspSocket, httpSocket, log } = runtime;
  if (json) printJson(cli, { pid: PROCESS_ID, lspSocket, httpSocket, log });
  else if (cli.stdoutIsTerminal) cli.print(`The daemon serves (process ${PROCESS_ID}); Ctrl-C ends it.\n`);
}
