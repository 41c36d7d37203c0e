/** `ouro train FILE`: trains the model further on texts of one's own; the result is a model or adapter file. */

import { resolve } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { type LoadedModel, openModel, type Workplace } from "../../compose.js";
import { readTrainingTexts } from "../../data/trainingTexts.js";
import type { AdaptedParameters } from "../../engine/trainedParameters.js";
import { FILE_TRAINING_DEFAULTS, planFileTraining } from "../../training/fileTrainingPlan.js";
import {
  type FileTrained,
  forgetRun,
  hasStoppedRun,
  saveTrained,
  trainFile,
} from "../../training/trainFile.js";
import type { TrainingProgress } from "../../training/trainingLoop.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { formatCount } from "../format.js";
import { pretrainCommand } from "../lab/pretrainCommand.js";
import {
  addModelOptions,
  examples,
  modelSchema,
  parseNatural,
  parsePositive,
  parseRate,
} from "../options.js";
import { noteLostChoice, openPlace } from "../place.js";

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
        .default(FILE_TRAINING_DEFAULTS.epochs),
    )
    .addOption(new Option("--learning-rate <x>", "peak learning rate").argParser(parseRate))
    .addOption(
      new Option("--parameters <kind>", "whole: all weights; lora: small added matrices; auto: by model size")
        .choices(["auto", "whole", "lora"])
        .default(FILE_TRAINING_DEFAULTS.parameters),
    )
    .addOption(new Option("--rank <n>", "rank of the added matrices").argParser(parsePositive))
    .addOption(
      new Option("--seed <n>", "order of the texts")
        .argParser(parseNatural)
        .default(FILE_TRAINING_DEFAULTS.seed),
    )
    .addOption(
      new Option("--save-every <seconds>", "a run that is killed loses at most this much")
        .argParser(parsePositive)
        .default(FILE_TRAINING_DEFAULTS.saveEverySeconds),
    )
    .option("--resume", "go on with the run of this file that was stopped")
    .option("--output <file>", "where the result goes (default: models/ in the data home)")
    .addHelpText("after", examples("ouro train notes.txt", "ouro train examples.jsonl --epochs 5 --resume"))
    .enablePositionalOptions()
    .addCommand(pretrainCommand(cli))
    .action(async (file: string, _options, command: Command) => {
      const options = trainSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      noteLostChoice({ cli, options, workplace });
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
  const { settings, home } = workplace;
  const { model, tokenizer, vocabularyPath } = loaded;
  const request = { ...options, path, saveEverySeconds: options.saveEvery };
  const plan = planFileTraining({ request, info: model.info, settings, home });
  const { parameters, epochs, rates, runFolder: folder } = plan;
  if (!options.resume && hasStoppedRun(folder))
    cli.note("A stopped run of this file is started anew; --resume would go on with it.");
  const resume = options.resume ? "resume" : "restart";
  const { signal } = cli;
  const onStep = showTraining.bind(undefined, cli);
  const trained = await trainFile({
    model,
    tokenizer,
    texts,
    parameters,
    epochs,
    rates,
    folder,
    resume,
    signal,
    onStep,
  });
  cli.showProgress(undefined);
  if (trained.kind === "cancelled") {
    throw new InterruptedCommand(
      `Stopped at step ${trained.step} of ${trained.steps}; the same command with --resume goes on.`,
    );
  }
  const { trainer, steps, tokens, loss } = trained;
  const { kind } = parameters;
  const output = options.output === undefined ? plan.output : resolve(cli.currentFolder, options.output);
  await saveTrained({ trainer, kind, path: output, trainedFrom: { hash: model.info.hash, vocabularyPath } });
  await forgetRun(folder);
  if (options.json) printJson(cli, { output, parameters: kind, steps, tokens, loss });
  else cli.print(describe({ saved: output, kind, trained }));
}

function showTraining(cli: Cli, { step, steps, loss, tokensPerSecond, secondsLeft }: TrainingProgress): void {
  const detail = `loss ${loss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s`;
  cli.showProgress({ phase: "train", done: step, total: steps, detail, secondsLeft });
}

function describe(shown: {
  readonly saved: string;
  readonly kind: AdaptedParameters["kind"];
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
