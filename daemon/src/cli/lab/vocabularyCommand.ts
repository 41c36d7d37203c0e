/** `ouro vocab train`: learns a vocabulary from a corpus and measures it on texts it did not learn from. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { locateDataHome } from "../../base/dataHome.js";
import { AppError } from "../../base/errors.js";
import { DOCUMENTS_FILE } from "../../lab/corpus/documents.js";
import { trainCorpusVocabulary } from "../../lab/vocabulary/corpusVocabulary.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { formatTable } from "../format.js";
import { addCommonOptions, commonSchema, examples, parsePositive } from "../options.js";
import { corpusFolder } from "./corpusCommand.js";

const SIZE_DEFAULT = 4096;

const trainSchema = commonSchema.extend({ size: z.int(), output: z.string() });

export function vocabularyCommand(cli: Cli): Command {
  const train = addCommonOptions(new Command("train"))
    .description("Learn a vocabulary from a built corpus (byte pairs, World text format).")
    .argument(
      "[corpus]",
      "folder that `ouro corpus build` filled (default: the embedded corpus in the data home)",
    )
    .addOption(new Option("--size <n>", "number of tokens").argParser(parsePositive).default(SIZE_DEFAULT))
    .option("--output <file>", "vocabulary file to write", "vocab.txt")
    .addHelpText(
      "after",
      examples("ouro vocab train", "ouro vocab train ./corpus --size 8192 --output vocab.txt"),
    )
    .action(async (corpus: string | undefined, _options, command: Command) => {
      const { size, output: path, json, home } = trainSchema.parse(command.opts());
      const homeRoot = locateDataHome({ OURO_HOME: home ?? cli.environment.OURO_HOME }).root;
      const folder = corpus ?? corpusFolder({ homeRoot, name: "embedded" });
      if (!existsSync(join(folder, DOCUMENTS_FILE))) {
        throw new AppError("input-invalid", `${folder} holds no corpus; \`ouro corpus build\` makes one`);
      }
      const { signal, showProgress } = cli;
      const trained = await trainCorpusVocabulary({ folder, path, size, signal, onProgress: showProgress });
      if (trained.kind === "cancelled") throw new InterruptedCommand(`Stopped; ${path} is as it was.`);
      if (json) {
        printJson(cli, { path, size, bytesPerToken: trained.bytesPerToken });
        return;
      }
      const languages = Object.entries(trained.bytesPerToken).sort(([a], [b]) => a.localeCompare(b));
      cli.print(`${path}: ${size} tokens. Bytes per token on held-out texts:\n`);
      cli.print(formatTable(languages.map(([language, ratio]) => [`  ${language}`, ratio.toFixed(2)])));
    });
  return new Command("vocab").description("Vocabularies of one's own.").addCommand(train);
}
