/** The whole command line: one command per file, put together here, with the rules that hold for all of them. */

import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { benchCommand } from "./benchCommand.js";
import type { Cli } from "./cli.js";
import { completeCommand } from "./completeCommand.js";
import { conformanceCommand } from "./conformanceCommand.js";
import { corpusCommand } from "./corpusCommand.js";
import { demoCommand } from "./demoCommand.js";
import { evalCommand } from "./evalCommand.js";
import { learnedCommand } from "./learnedCommand.js";
import { lspCommand } from "./lspCommand.js";
import { modelCommand } from "./modelCommand.js";
import { examples } from "./options.js";
import { serveCommand } from "./serveCommand.js";
import { startCommand } from "./startCommand.js";
import { statusCommand } from "./statusCommand.js";
import { stopCommand } from "./stopCommand.js";
import { teachCommand } from "./teachCommand.js";
import { trainCommand } from "./trainCommand.js";
import { undoCommand } from "./undoCommand.js";
import { vocabularyCommand } from "./vocabularyCommand.js";

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
