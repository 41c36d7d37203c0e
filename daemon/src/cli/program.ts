/** The whole command line: one command per file, put together here, with the rules that hold for all of them. */

import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { Cli } from "./cli.js";
import { lspCommand } from "./daemon/lspCommand.js";
import { serveCommand } from "./daemon/serveCommand.js";
import { startCommand } from "./daemon/startCommand.js";
import { statusCommand } from "./daemon/statusCommand.js";
import { stopCommand } from "./daemon/stopCommand.js";
import { benchCommand } from "./lab/benchCommand.js";
import { conformanceCommand } from "./lab/conformanceCommand.js";
import { corpusCommand } from "./lab/corpusCommand.js";
import { evalCommand } from "./lab/evalCommand.js";
import { vocabularyCommand } from "./lab/vocabularyCommand.js";
import { completeCommand } from "./learning/completeCommand.js";
import { demoCommand } from "./learning/demoCommand.js";
import { learnedCommand } from "./learning/learnedCommand.js";
import { resetCommand } from "./learning/resetCommand.js";
import { teachCommand } from "./learning/teachCommand.js";
import { trainCommand } from "./learning/trainCommand.js";
import { undoCommand } from "./learning/undoCommand.js";
import { modelCommand } from "./model/modelCommand.js";
import { examples } from "./options.js";

const DESCRIPTION = `Ouroboros keeps an RWKV-7 model hot on this machine and teaches it what you correct.
Results go to stdout, notices and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.`;

export function createProgram(cli: Cli): Command {
  const program = new Command("ouro")
    .description(DESCRIPTION)
    .version(packageJson.version)
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: cli.print, writeErr: (text) => cli.note(text.trimEnd()) })
    .configureHelp({ sortOptions: true })
    .addHelpText("after", examples("ouro demo", "ouro complete 'export function add(a: number, '"));
  const commands = [
    completeCommand,
    teachCommand,
    learnedCommand,
    undoCommand,
    resetCommand,
    startCommand,
    stopCommand,
    statusCommand,
    lspCommand,
    serveCommand,
    trainCommand,
    modelCommand,
    evalCommand,
    vocabularyCommand,
    corpusCommand,
    conformanceCommand,
    benchCommand,
    demoCommand,
  ];
  for (const command of commands) program.addCommand(command(cli));
  inheritSettings(program);
  return program;
}

/** Commands that were built apart do not know the program's rules for errors and output yet. */
function inheritSettings(parent: Command): void {
  for (const child of parent.commands) {
    child.copyInheritedSettings(parent);
    inheritSettings(child);
  }
}
