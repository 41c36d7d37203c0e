/** `ouro bench keystroke` and `ouro bench mixed`: what a person feels of the daemon, beside nothing and beside training. */

import { Command } from "commander";
import { type Cli, InterruptedCommand, printJson } from "../../cli.js";
import { formatBytes, formatTable } from "../../format.js";
import { addCommonOptions, commonSchema, examples } from "../../options.js";
import { benchKeystrokes, benchMixed, type Spread } from "./loopBench.js";
import { withScratchDaemon } from "./withScratchDaemon.js";

export function keystrokeCommand(cli: Cli): Command {
  return addCommonOptions(new Command("keystroke"))
    .description("Time from a keystroke to the completion behind it, by length of document and kind of edit.")
    .addHelpText("after", examples("ouro bench keystroke", "ouro bench keystroke --json"))
    .action(async (_options, command: Command) => {
      const { json } = commonSchema.parse(command.opts());
      const measured = await orInterrupted(cli, () =>
        withScratchDaemon(cli, async (daemon) => {
          const { editor, folder } = await daemon.editorIn("typing");
          const lines = await benchKeystrokes({ editor, folder, onProgress: progressOf(cli, "typing") });
          const residentBytes = await daemon.residentBytes();
          return { lines, firstCompletionMs: daemon.firstCompletionMs, residentBytes: residentBytes ?? null };
        }),
      );
      cli.showProgress(undefined);
      if (json) return printJson(cli, measured);
      cli.print(
        formatTable([
          ["lines", "typing", "p50", "p95", "keys"],
          ...measured.lines.map((each) => [String(each.lines), each.where, ...columnsOf(each)]),
        ]),
      );
      cli.print(`From no daemon to the first completion: ${ms(measured.firstCompletionMs)}.\n`);
      if (measured.residentBytes !== null) {
        cli.print(`Memory of the daemon afterwards: ${formatBytes(measured.residentBytes)}.\n`);
      }
    });
}

export function mixedCommand(cli: Cli): Command {
  return addCommonOptions(new Command("mixed"))
    .description("The same while another project is being taught, interleaved with turns in which none is.")
    .addHelpText("after", examples("ouro bench mixed", "ouro bench mixed --json"))
    .action(async (_options, command: Command) => {
      const { json } = commonSchema.parse(command.opts());
      const measured = await orInterrupted(cli, () =>
        withScratchDaemon(cli, async (daemon) => {
          const typing = await daemon.editorIn("typing");
          const teaching = await daemon.editorIn("teaching");
          return benchMixed({
            ...typing,
            trainer: teaching.editor,
            trainerFolder: teaching.folder,
            onProgress: progressOf(cli, "typing and teaching"),
          });
        }),
      );
      cli.showProgress(undefined);
      const ratio = measured.training.p95Ms / measured.idle.p95Ms;
      if (json) return printJson(cli, { ...measured, p95Ratio: ratio });
      const { idle, training, acknowledged, learned } = measured;
      cli.print(
        formatTable([
          ["", "p50", "p95", "times"],
          ["keystroke, idle", ...columnsOf(idle)],
          ["keystroke, while training", ...columnsOf(training)],
          ["correction acknowledged", ...columnsOf(acknowledged)],
          ["correction learned", ...columnsOf(learned)],
        ]),
      );
      cli.print(
        `While training, p95 is ${ratio.toFixed(2)} times as long, ${ms(training.p95Ms - idle.p95Ms)} more.\n`,
      );
    });
}

function columnsOf({ p50Ms, p95Ms, count }: Spread): readonly string[] {
  return [ms(p50Ms), ms(p95Ms), String(count)];
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`;
}

function progressOf(cli: Cli, phase: string): (done: number, total: number) => void {
  return (done, total) => cli.showProgress({ phase, done, total, detail: "", secondsLeft: undefined });
}

async function orInterrupted<Result>(cli: Cli, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (cli.signal.aborted) throw new InterruptedCommand("Stopped; nothing was measured.");
    throw error;
  }
}
