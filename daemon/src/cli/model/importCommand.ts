/** `ouro model import`: a model of any format becomes a folder in the data home, checked by its logits. */

import { resolve } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { openEngine } from "../../compose.js";
import { findModelFile, modelNameOf } from "../../models/findModelFile.js";
import { importModel } from "../../models/importModel.js";
import { findVocabulary } from "../../models/modelFiles.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";
import { openPlace } from "../place.js";
import { progressOf } from "./progress.js";
import { describeAgreement, requireAgreement } from "./verifyCommand.js";

/** Those of safetensors. */
const TYPES = ["f32", "f16", "bf16"] as const;

const importSchema = commonSchema.extend({
  name: z.string().optional(),
  vocab: z.string().optional(),
  type: z.enum(TYPES).optional(),
  check: z.boolean(),
});

export function importCommand(cli: Cli): Command {
  return addCommonOptions(new Command("import"))
    .description(
      "Copy a model (.pth, safetensors, fla, GGUF) into the data home, as a folder that other tools know.",
    )
    .argument("<file>", "model file, index of shards, or a folder with one model")
    .option("--name <name>", "what the folder is called (default: as the file)")
    .option("--vocab <file>", "its vocabulary, where none lies beside or inside it (default: World)")
    .addOption(new Option("--type <type>", "type of the matrices (default: as they are)").choices(TYPES))
    .option("--no-check", "do not compare the logits of both files afterwards")
    .addHelpText(
      "after",
      examples("ouro model import rwkv7-g1-0.1b.pth", "ouro model import model-Q8_0.gguf --name small"),
    )
    .action(async (file: string, _options, command: Command) => {
      const options = importSchema.parse(command.opts());
      const { home, settings } = await openPlace(cli, options);
      const source = await findModelFile(resolve(cli.currentFolder, file));
      const named = options.vocab === undefined ? undefined : resolve(cli.currentFolder, options.vocab);
      const vocabularyPath = findVocabulary({ checkpoint: source, named });
      const name = options.name ?? modelNameOf(source);
      const engine = openEngine({ settings });
      try {
        const imported = await importModel({
          engine,
          source,
          vocabularyPath,
          models: home.models,
          name,
          type: options.type,
          signal: cli.signal,
          onProgress: progressOf(cli, "import"),
        });
        cli.showProgress(undefined);
        if (imported.kind === "cancelled") throw new InterruptedCommand("Stopped; nothing was imported.");
        const { path } = imported;
        const pair = { first: source, second: path };
        const agreement = options.check ? await requireAgreement({ cli, ...pair }) : undefined;
        if (options.json) printJson(cli, { path, name, vocabularyPath, ...(agreement && { agreement }) });
        else {
          if (agreement) cli.print(describeAgreement(agreement));
          cli.print(`Imported ${path}; \`ouro model use ${name}\` answers with it.\n`);
        }
      } finally {
        engine.close();
      }
    });
}
