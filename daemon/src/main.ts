/** The `ouro` process: parses the command line, runs one command, and turns what went wrong into one sentence. */

import { CommanderError } from "commander";
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, InterruptedCommand } from "./cli/cli.js";
import { describeError } from "./cli/describeError.js";
import { Exit } from "./cli/exit.js";
import { createProcessCli } from "./cli/processCli.js";
import { createProgram } from "./cli/program.js";

async function main(): Promise<number> {
  const cli = createProcessCli();
  try {
    await createProgram(cli).parseAsync(process.argv);
    return 0;
  } catch (error) {
    cli.showProgress(undefined);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (error instanceof InterruptedCommand) {
      cli.note(error.message);
      return EXIT_INTERRUPTED;
    }
    if (error instanceof Exit) {
      if (error.message !== "") cli.note(`ouro: ${error.message}`);
      return error.exitCode;
    }
    cli.note(describeError({ error, isDebugging: Boolean(process.env.OURO_DEBUG) }));
    return EXIT_FAILED;
  }
}

// The exit code is set, not forced: what was printed must reach its reader first.
void main().then((code) => {
  process.exitCode = code;
});
