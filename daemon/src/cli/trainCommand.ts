/** `ouro train FILE`: trains the model further on texts of one's own; the result is a model or adapter file. */

import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { type LoadedModel, openModel, type Workplace } from "../compose.js";
import { readTrainingTexts } from "../data/trainingTexts.js";
import type { TrainedParameters } from "../engine/engine.js";
import { LEARNING_DEFAULTS } from "../learning/recipe.js";
import { VOCABULARY_FILE } from "../models/modelFiles.js";
import {
  type FileTrained,
  type FileTrainingRates,
  forgetRun,
  hasStoppedRun,
  trainFile,
} from "../training/trainFile.js";
import { type Cli, Interrupted, printJson } from "./cli.js";
import { formatCount } from "./format.js";
import { addModelOptions, examples, modelSchema, parseNatural, parsePositive, parseRate } from "./options.js";
import { openPlace } from "./place.js";
import { pretrainCommand } from "./pretrainCommand.js";

const EPOCHS_DEFAULT = 3;
const SAVE_EVERY_SECONDS = 60;
/** A tenth of what a correction may take: a file is read many times, and much of it is not about one place. */
const LEARNING_RATE_DEFAULT = { whole: 1e-4, lora: 1e-3 } as const;
type TrainedKind = keyof typeof LEARNING_RATE_DEFAULT;

const trainSchema = modelSchema.extend({
  epochs: z.int(),
  learningRate: z.number().optional(),
  parameters: z.enum(["auto", "whole", "lora"]),
  rank: z.int().optional(),
  seed: z.int(),
  saveEvery: z.int(),
  resume: z.boolean().default(false),
  output: z.string().optional(),
});
type TrainOptions = z.infer<typeof trainSchema>;

export function trainCommand(cli: Cli): Command {
  return addModelOptions(new Command("train"))
    .description("Train the model further on your own texts; corrections stay apart from it.")
    .argument("<file>", 'a .txt file, or a .jsonl file of rows {"text": "…"}')
    .addOption(
      new Option("--epochs <n>", "how often every text is read")
        .argParser(parsePositive)
        .default(EPOCHS_DEFAULT),
    )
    .addOption(new Option("--learning-rate <x>", "peak learning rate").argParser(parseRate))
    .addOption(
      new Option("--parameters <kind>", "whole: all weights; lora: small added matrices; auto: by model size")
        .choices(["auto", "whole", "lora"])
        .default("auto"),
    )
    .addOption(new Option("--rank <n>", "rank of the added matrices").argParser(parsePositive))
    .addOption(new Option("--seed <n>", "order of the texts").argParser(parseNatural).default(1))
    .addOption(
      new Option("--save-every <seconds>", "a run that is killed loses at most this much")
        .argParser(parsePositive)
        .default(SAVE_EVERY_SECONDS),
    )
    .option("--resume", "go on with the run of this file that was stopped")
    .option("--output <file>", "where the result goes (default: models/ in the data home)")
    .addHelpText("after", examples("ouro train notes.txt", "ouro train examples.jsonl --epochs 5 --resume"))
    .enablePositionalOptions()
    .addCommand(pretrainCommand(cli))
    .action(async (file: string, _options, command: Command) => {
      const options = trainSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const path = resolve(cli.currentFolder, file);
      const texts = await readTrainingTexts(path);
      const loaded = await openModel({ workplace, choice: options, signal: cli.signal });
      try {
        await trainAndSave({ cli, options, workplace, loaded, path, texts });
      } finally {
        loaded.engine.close();
      }
    });
}

interface TrainRun {
  readonly cli: Cli;
  readonly options: TrainOptions;
  readonly workplace: Workplace;
  readonly loaded: LoadedModel;
  readonly path: string;
  readonly texts: readonly string[];
}

async function trainAndSave(run: TrainRun): Promise<void> {
  const { cli, options, workplace, loaded, path, texts } = run;
  const name = basename(path, extname(path));
  const folder = join(workplace.home.root, "runs", `${name}-${loaded.model.info.hash.slice(0, 8)}`);
  if (!options.resume && hasStoppedRun(folder))
    cli.note("A stopped run of this file is started anew; --resume would go on with it.");
  const parameters = parametersOf(run);
  const trained = await trainFile({
    model: loaded.model,
    tokenizer: loaded.tokenizer,
    texts,
    parameters,
    epochs: options.epochs,
    rates: ratesOf({ options, kind: parameters.kind }),
    folder,
    resume: options.resume ? "resume" : "restart",
    signal: cli.signal,
    onStep: ({ step, steps, loss, tokensPerSecond, secondsLeft }) => {
      const detail = `loss ${loss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s`;
      cli.showProgress({ phase: "train", done: step, total: steps, detail, secondsLeft });
    },
  });
  cli.showProgress(undefined);
  if (trained.kind === "cancelled") {
    throw new Interrupted(
      `Stopped at step ${trained.step} of ${trained.steps}; the same command with --resume goes on.`,
    );
  }
  const saved = await save({ ...run, trained, name, kind: parameters.kind });
  await forgetRun(folder);
  const { steps, tokens, loss } = trained;
  if (options.json) printJson(cli, { output: saved, parameters: parameters.kind, steps, tokens, loss });
  else cli.print(describe({ saved, kind: parameters.kind, trained }));
}

function parametersOf({
  options,
  loaded,
  workplace,
}: TrainRun): Extract<TrainedParameters, { kind: TrainedKind }> {
  const isSmall = loaded.model.info.parameters <= LEARNING_DEFAULTS.wholeParametersMax;
  const kind = options.parameters === "auto" ? (isSmall ? "whole" : "lora") : options.parameters;
  if (kind === "whole") return { kind };
  const rank = options.rank ?? workplace.settings["ouroboros.learning.loraRank"];
  return { kind, rank, alpha: 2 * rank, targets: ["ffn.key", "ffn.value", "att.value", "att.output"] };
}

function ratesOf(chosen: { readonly options: TrainOptions; readonly kind: TrainedKind }): FileTrainingRates {
  const { options, kind } = chosen;
  return {
    sequenceTokens: 256,
    sequencesPerStep: 8,
    learningRate: {
      peak: options.learningRate ?? LEARNING_RATE_DEFAULT[kind],
      warmupSteps: 5,
      decayShare: 0.5,
      endShare: 0.1,
    },
    optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clip: 1, groups: "uniform" },
    l2wrap: false,
    seed: options.seed,
    saveEveryMinutes: options.saveEvery / 60,
  };
}

async function save(
  run: TrainRun & {
    readonly trained: Extract<FileTrained, { kind: "finished" }>;
    readonly name: string;
    readonly kind: TrainedKind;
  },
): Promise<string> {
  const { cli, options, workplace, loaded, trained, name, kind } = run;
  const folder = join(workplace.home.models, `${name}-${loaded.model.info.hash.slice(0, 8)}`);
  const file = kind === "whole" ? "model.safetensors" : "adapter.safetensors";
  const path = options.output === undefined ? join(folder, file) : resolve(cli.currentFolder, options.output);
  await mkdir(dirname(path), { recursive: true });
  if (kind === "lora") {
    const adapter = await trained.trainer.publish();
    await trained.trainer.saveAdapter({ adapter, path, metadata: { model: loaded.model.info.hash } });
    return path;
  }
  await trained.trainer.saveCheckpoint({ path, precision: "bf16" });
  await copyFile(loaded.vocabularyPath, join(dirname(path), VOCABULARY_FILE));
  return path;
}

function describe(shown: {
  readonly saved: string;
  readonly kind: TrainedKind;
  readonly trained: Extract<FileTrained, { kind: "finished" }>;
}): string {
  const { saved, kind, trained } = shown;
  const use = kind === "whole" ? `ouro model use ${saved}` : `ouro complete --adapter ${saved} '…'`;
  return [
    `${formatCount(trained.tokens)} tokens, ${trained.steps} steps, last loss ${trained.loss.toFixed(3)} nats/token.\n`,
    `Written: ${saved}\n`,
    `Answer with it: ${use}\n`,
  ].join("");
}
