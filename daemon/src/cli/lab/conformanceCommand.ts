/** `ouro conformance DIR`: the engine against a folder of golden numbers, one line per model and group. */

import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import { nativeSubject } from "../../lab/conformance/nativeSubject.js";
import { formatResult, formatSummary } from "../../lab/conformance/report.js";
import { runConformance } from "../../lab/conformance/runConformance.js";
import { worldVocabularyPath } from "../../models/modelFiles.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";

const conformanceSchema = commonSchema.extend({ vocab: z.array(z.string()).default([]) });

export function conformanceCommand(cli: Cli): Command {
  return addCommonOptions(new Command("conformance"))
    .description(
      "Check the engine against golden numbers: files, tokenizer, forward, gradients, AdamW, sampling.",
    )
    .argument("<dir>", "folder of golden numbers, with whatever models it holds")
    .option(
      "--vocab <file...>",
      "vocabularies that its cases name, besides those in the folder and the World one",
    )
    .addHelpText(
      "after",
      examples("ouro conformance ../shared/conformance", "ouro conformance golden --json"),
    )
    .action(async (folder: string, _options, command: Command) => {
      const { json, vocab } = conformanceSchema.parse(command.opts());
      const named = vocab.map((path) => resolve(cli.currentFolder, path));
      const outcome = await runConformance({
        folder: resolve(cli.currentFolder, folder),
        subject: nativeSubject(),
        vocabularies: [...named, dirname(worldVocabularyPath())],
        signal: cli.signal,
        onResult: (result, { done, total }) => {
          if (!json) cli.print(`${formatResult(result)}\n`);
          cli.showProgress({ phase: "conformance", done, total, detail: "", secondsLeft: undefined });
        },
      });
      cli.showProgress(undefined);
      if (outcome.kind === "cancelled")
        throw new InterruptedCommand("Stopped before everything was checked.");
      if (json) printJson(cli, outcome);
      else cli.print(`${formatSummary(outcome)}\n`);
      if (!outcome.passed) {
        throw new AppError(
          "conformance-failed",
          `the engine does not agree with ${folder}, or part of it is missing`,
        );
      }
    });
}
