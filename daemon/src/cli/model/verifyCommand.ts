/** `ouro model verify`: whether two files are the same model, by their logits on fixed token sequences. */

import { resolve } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import { type Agreement, compareModels } from "../../models/compareModels.js";
import { findModelFile } from "../../models/findModelFile.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { formatTable } from "../format.js";
import { addCommonOptions, commonSchema, examples, numberBetween, parsePositive } from "../options.js";
import { progressOf } from "./progress.js";

/** What rounding matrices to bf16 or Q8_0 stays far below, and another model far above, in nats. */
const DIVERGENCE_MAX = 0.01;

const verifySchema = commonSchema.extend({ klMax: z.number(), threads: z.int().optional() });

export function verifyCommand(cli: Cli): Command {
  return addCommonOptions(new Command("verify"))
    .description(
      "Compare the logits of two model files on fixed token sequences; fails where they are not one model.",
    )
    .argument("<first>", "model file, or a folder with one model")
    .argument("<second>", "what is compared with it")
    .addOption(
      new Option("--kl-max <nats>", "mean KL divergence up to which they count as one model")
        .argParser(numberBetween(0, 100))
        .default(DIVERGENCE_MAX),
    )
    .addOption(
      new Option("--threads <n>", "kernel threads (default: physical cores)").argParser(parsePositive),
    )
    .addHelpText(
      "after",
      examples(
        "ouro model verify model.pth model.gguf",
        "ouro model verify a.pth b.gguf --kl-max 0.1 --json",
      ),
    )
    .action(async (first: string, second: string, _options, command: Command) => {
      const options = verifySchema.parse(command.opts());
      const agreement = await requireAgreement({
        cli,
        first: await findModelFile(resolve(cli.currentFolder, first)),
        second: await findModelFile(resolve(cli.currentFolder, second)),
        divergenceMax: options.klMax,
        threads: options.threads,
        onAgreement: (each) => {
          if (options.json) printJson(cli, each);
          else cli.print(describeAgreement(each));
        },
      });
      if (!options.json && agreement.maxDifference === 0)
        cli.print("The logits are the same to the last bit.\n");
    });
}

/** Throws AppError `models-differ` beyond the bound, after `onAgreement`; InterruptedCommand. */
export async function requireAgreement(options: {
  readonly cli: Cli;
  readonly first: string;
  readonly second: string;
  readonly divergenceMax?: number;
  readonly threads?: number | undefined;
  readonly onAgreement?: (agreement: Agreement) => void;
}): Promise<Agreement> {
  const { cli, first, second, threads, divergenceMax = DIVERGENCE_MAX } = options;
  const onProgress = progressOf(cli, "verify");
  const compared = await compareModels({ first, second, threads, signal: cli.signal, onProgress });
  cli.showProgress(undefined);
  if (compared.kind === "cancelled") throw new InterruptedCommand("Stopped before both were compared.");
  options.onAgreement?.(compared);
  if (!(compared.divergence <= divergenceMax)) {
    throw new AppError(
      "models-differ",
      `${first} and ${second} differ by ${compared.divergence.toPrecision(3)} nats, more than ${divergenceMax}; --kl-max raises the bound`,
    );
  }
  return compared;
}

export function describeAgreement(agreement: Agreement): string {
  const { positions, maxDifference, maxLogit, divergence, maxDivergence, sameBest } = agreement;
  return formatTable([
    ["positions", String(positions)],
    ["largest difference", `${maxDifference.toPrecision(3)} (logits up to ${maxLogit.toPrecision(3)})`],
    [
      "KL divergence",
      `${divergence.toPrecision(3)} nats on average, ${maxDivergence.toPrecision(3)} at most`,
    ],
    ["same best token", `${(100 * sameBest).toFixed(1)} %`],
  ]);
}
