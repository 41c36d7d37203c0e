/** `ouro train pretrain --config NAME`: a model from nothing, by a training configuration. */

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { PRETRAINING_CONFIGS, type PretrainingConfig, pretrainingSchema } from "@ouroboros/configs";
import { Command, Option } from "commander";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import { readRegularText } from "../../base/regularFile.js";
import { openEngine } from "../../compose.js";
import { readRecipe } from "../../lab/corpus/recipe.js";
import { pretrain } from "../../lab/pretraining/pretrain.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { addCommonOptions, commonSchema, examples, parsePositive } from "../options.js";
import { openPlace } from "../place.js";
import { corpusFolder, recipePath } from "./corpusCommand.js";

const optionsSchema = commonSchema.extend({
  config: z.string(),
  corpus: z.string().optional(),
  start: z.string().optional(),
  output: z.string().optional(),
  resume: z.boolean().default(false),
  restart: z.boolean().default(false),
  minutes: z.int().optional(),
  threads: z.int().optional(),
});

export function pretrainCommand(cli: Cli): Command {
  return addCommonOptions(new Command("pretrain"))
    .description("Make a model from nothing: corpus, vocabulary, training; a stopped run can go on.")
    .option("--config <file>", "a training configuration, or the name of a shipped one", "embedded")
    .option("--corpus <dir>", "folder of a built corpus (default: the configuration's, in the data home)")
    .option("--start <dir>", "folder of a model to go on from (default: the configuration's)")
    .option(
      "--output <dir>",
      "folder for the model and for what a run resumes from (default: in the data home)",
    )
    .addOption(new Option("--resume", "go on with the run in that folder").conflicts("restart"))
    .option("--restart", "train anew although a run is there")
    .addOption(
      new Option("--minutes <n>", "stop after so long with everything saved, to be resumed").argParser(
        parsePositive,
      ),
    )
    .addOption(
      new Option("--threads <n>", "kernel threads (default: physical cores)").argParser(parsePositive),
    )
    .addHelpText(
      "after",
      examples(
        "ouro train pretrain",
        "ouro train pretrain --config mine.json --output ./model --minutes 90",
        "ouro train pretrain --config mine.json --output ./model --resume",
        "ouro train pretrain --config embedded-longer --start ./model --output ./longer",
      ),
    )
    .action(async (_options, command: Command) => {
      const options = optionsSchema.parse(command.opts());
      const { home, settings } = await openPlace(cli, options);
      const { name, config: read } = await readConfig(options.config);
      const config =
        options.start === undefined ? read : { ...read, start: resolve(cli.currentFolder, options.start) };
      const folder = resolve(cli.currentFolder, options.output ?? join(home.root, "runs", name));
      const recipe = await readRecipe(recipePath(config.corpus));
      const corpus = options.corpus ?? corpusFolder({ homeRoot: home.root, name: recipe.name });
      const engine = openEngine({ settings, threads: options.threads });
      try {
        const outcome = await pretrain({
          engine,
          recipe,
          config,
          folder,
          corpusFolder: resolve(cli.currentFolder, corpus),
          resume: options.resume ? "resume" : options.restart ? "restart" : "new",
          minutesMax: options.minutes,
          signal: cli.signal,
          onProgress: cli.showProgress,
          onStep: ({ step, steps, loss, validationLoss, tokensPerSecond, secondsLeft }) => {
            const held = validationLoss === undefined ? "" : `, validation ${validationLoss.toFixed(3)}`;
            const detail = `loss ${loss.toFixed(3)}${held}, ${Math.round(tokensPerSecond)} tokens/s`;
            cli.showProgress({ phase: "train", done: step, total: steps, detail, secondsLeft });
          },
        });
        cli.showProgress(undefined);
        if (outcome.kind === "stopped")
          throw new InterruptedCommand(
            `Stopped; ${outcome.done} is kept, and the same command with --resume goes on.`,
          );
        const { path, loss, steps } = outcome;
        if (options.json) printJson(cli, { path, loss, steps });
        else cli.print(`${path}: ${steps} steps, last loss ${loss.toFixed(3)} nats/token.\n`);
      } finally {
        engine.close();
      }
    });
}

/** A file of one's own, or a shipped configuration by its name. */
async function readConfig(
  wanted: string,
): Promise<{ readonly name: string; readonly config: PretrainingConfig }> {
  const shipped = PRETRAINING_CONFIGS[wanted];
  if (shipped !== undefined) return { name: wanted, config: shipped };
  if (!existsSync(wanted))
    throw new AppError(
      "input-invalid",
      `there is no training configuration ${wanted}; shipped are: ${Object.keys(PRETRAINING_CONFIGS).join(", ")}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(await readRegularText(wanted));
  } catch (cause) {
    throw new AppError(
      "input-invalid",
      `cannot read the training configuration ${wanted}; it must be a JSON file`,
      {
        cause,
      },
    );
  }
  const parsed = pretrainingSchema.safeParse(value);
  if (!parsed.success)
    throw new AppError("input-invalid", `${wanted} is not valid:\n${z.prettifyError(parsed.error)}`);
  return { name: basename(wanted, ".json"), config: parsed.data };
}
