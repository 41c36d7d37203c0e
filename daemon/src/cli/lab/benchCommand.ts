/** `ouro bench`: how fast this machine decodes, reads and trains, beside what it could do at most; and what is felt of it. */

import { PRETRAINING_CONFIGS } from "@ouroboros/configs";
import { Command, Option } from "commander";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import { openEngine } from "../../compose.js";
import { type BenchOutcome, bench } from "../../lab/bench/bench.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { formatCount, formatTable } from "../format.js";
import { addCommonOptions, commonSchema, examples, parsePositive } from "../options.js";
import { openPlace } from "../place.js";
import { engineBenchCommands } from "./bench/engineBenchCommands.js";
import { keystrokeCommand, mixedCommand } from "./bench/loopBenchCommands.js";

const SHAPE = "embedded";

const benchSchema = commonSchema.extend({ threads: z.int().optional() });

export function benchCommand(cli: Cli): Command {
  const command = addCommonOptions(new Command("bench"))
    // What stands behind a subcommand is the subcommand's, though both know --json, --home and --threads.
    .enablePositionalOptions()
    .description("Measure tokens per second of the embedded shape, and the machine's limits in the same run.")
    .addCommand(keystrokeCommand(cli))
    .addCommand(mixedCommand(cli))
    .addOption(
      new Option("--threads <n>", "kernel threads (default: physical cores)").argParser(parsePositive),
    )
    .addHelpText("after", examples("ouro bench", "ouro bench --threads 1 --json", "ouro bench decode"))
    .action(async (_options, command: Command) => {
      const options = benchSchema.parse(command.opts());
      const { settings } = await openPlace(cli, options);
      const shape = PRETRAINING_CONFIGS[SHAPE]?.model;
      if (shape === undefined) throw new AppError("input-invalid", `there is no model shape "${SHAPE}"`);
      const engine = openEngine({ settings, threads: options.threads });
      try {
        const outcome = await bench({
          engine,
          shape,
          signal: cli.signal,
          onProgress: (phase, done, total) =>
            cli.showProgress({ phase, done, total, detail: "", secondsLeft: undefined }),
        });
        cli.showProgress(undefined);
        if (outcome.kind === "cancelled") throw new InterruptedCommand("Stopped; nothing was measured.");
        if (options.json) printJson(cli, { shape, ...outcome });
        else cli.print(describe(outcome));
      } finally {
        engine.close();
      }
    });
  for (const each of engineBenchCommands(cli)) command.addCommand(each);
  return command;
}

function describe(outcome: Extract<BenchOutcome, { kind: "finished" }>): string {
  const { threads, instructionSet, parameters, peakFlops, bytesPerSecond, lines } = outcome;
  const limits = `${giga(peakFlops)} GFLOP/s, ${giga(bytesPerSecond)} GB/s`;
  return [
    `${formatCount(parameters)} parameters, float32, ${threads} threads, ${instructionSet}; machine: ${limits}\n`,
    formatTable([
      ["", "tokens/s", "GFLOP/s", "of the limit"],
      ...lines.map(({ name, tokensPerSecond, flops, shareOfLimit }) => [
        name,
        formatCount(Math.round(tokensPerSecond)),
        giga(flops),
        `${Math.round(100 * shareOfLimit)} %`,
      ]),
    ]),
    "Limits: arithmetic for prefill and training; for decode, reading as many bytes as there are weights.\n",
  ].join("");
}

function giga(value: number): string {
  return (value / 1e9).toFixed(1);
}
