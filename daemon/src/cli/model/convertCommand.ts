/** `ouro model convert`: a model's file in another format or type. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import { openEngine } from "../../compose.js";
import {
  convertModel,
  loadTokenizer,
  MATRIX_TYPES,
  MODEL_FORMATS,
  readModelFile,
} from "../../engine/engine.js";
import { findModelFile, modelNameOf } from "../../models/findModelFile.js";
import { checkVocabularyFits, findVocabulary } from "../../models/modelFiles.js";
import { shapeOf } from "../../models/modelShape.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";
import { openPlace } from "../place.js";
import { progressOf } from "./progress.js";

const convertSchema = commonSchema.extend({
  to: z.enum(MODEL_FORMATS),
  type: z.enum(MATRIX_TYPES).optional(),
  vocab: z.string().optional(),
  force: z.boolean().default(false),
});

export function convertCommand(cli: Cli): Command {
  return addCommonOptions(new Command("convert"))
    .description(
      "Write a model in another format: safetensors (official names), fla (Hugging Face's), gguf (llama.cpp).",
    )
    .argument("<source>", "model file, index of shards, or a folder with one model")
    .argument("<destination>", "file to write")
    .addOption(new Option("--to <format>", "its format").choices(MODEL_FORMATS).makeOptionMandatory())
    .addOption(
      new Option(
        "--type <type>",
        "type of the matrices (default: as they are); q8_0 and q4_0 in gguf only",
      ).choices(MATRIX_TYPES),
    )
    .option(
      "--vocab <file>",
      "vocabulary to put into a gguf, where none lies beside the source (default: World)",
    )
    .option("--force", "replace the destination where it exists")
    .addHelpText(
      "after",
      examples(
        "ouro model convert rwkv7-g1-0.1b.pth rwkv7-g1-0.1b-Q8_0.gguf --to gguf --type q8_0",
        "ouro model convert model.gguf model.safetensors --to safetensors --type bf16",
      ),
    )
    .action(async (from: string, to: string, _options, command: Command) => {
      const options = convertSchema.parse(command.opts());
      const { settings } = await openPlace(cli, options);
      const source = await findModelFile(resolve(cli.currentFolder, from));
      const destination = resolve(cli.currentFolder, to);
      if (existsSync(destination) && !options.force) {
        throw new AppError("input-invalid", `${destination} exists; --force replaces it`);
      }
      const named = options.vocab === undefined ? undefined : resolve(cli.currentFolder, options.vocab);
      const { to: format, type } = options;
      const tokenizer = format === "gguf" ? vocabularyFor({ source, named }) : undefined;
      const engine = openEngine({ settings });
      try {
        const converted = await convertModel(engine, {
          source,
          destination,
          format,
          name: modelNameOf(source),
          ...(type !== undefined && { type }),
          ...(tokenizer !== undefined && { tokenizer }),
          signal: cli.signal,
          onProgress: progressOf(cli, "convert"),
        });
        cli.showProgress(undefined);
        if (converted.kind === "cancelled")
          throw new InterruptedCommand(`Stopped; ${destination} was not written.`);
        if (options.json) printJson(cli, { source, destination, format, type });
        else cli.print(`Wrote ${destination}; \`ouro model verify ${from} ${to}\` compares both.\n`);
      } finally {
        engine.close();
      }
    });
}

/** Throws AppError `vocabulary-mismatch` where it cannot be the model's. */
function vocabularyFor({ source, named }: { readonly source: string; readonly named: string | undefined }) {
  const vocabulary = findVocabulary({ checkpoint: source, named });
  const tokenizer = loadTokenizer(vocabulary);
  const rows = shapeOf(readModelFile(source)).vocabularySize;
  checkVocabularyFits({ checkpoint: source, rows, vocabulary, tokens: tokenizer.size });
  return tokenizer;
}
