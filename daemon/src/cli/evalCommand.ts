/** `ouro eval model`: measures of a model on projects that are in no corpus. */

import { resolve } from "node:path";
import { WEIGHT_TYPES } from "@ouroboros/native";
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { type LoadedModel, openModel } from "../compose.js";
import { DEFINITIONS } from "../evaluation/definitions.js";
import {
  type Evaluation,
  type Extent,
  evaluate,
  FULL,
  MEASURES,
  type Measure,
  QUICK,
} from "../evaluation/evaluate.js";
import { headlineOf } from "../evaluation/headline.js";
import { type EvaluationProject, readProjects } from "../evaluation/projects.js";
import { createRanker } from "../evaluation/ranks.js";
import { findNamedModel } from "../model/findModelFile.js";
import { type Cli, Interrupted, printJson } from "./cli.js";
import { measureTables } from "./eval/measureTables.js";
import { formatBytes, formatCount } from "./format.js";
import { addModelOptions, examples, modelSchema, parseNatural, parsePositive } from "./options.js";
import { openPlace } from "./place.js";

/** Half of it is the context that the headline asks for. */
const WINDOW_TOKENS_DEFAULT = 1024;

export function evalCommand(cli: Cli): Command {
  return new Command("eval")
    .description("How good a model is, on code that it has not seen.")
    .addCommand(evalModelCommand(cli));
}

const schema = modelSchema.extend({
  data: z.string(),
  only: z.array(z.enum(MEASURES)).optional(),
  quick: z.boolean().default(false),
  samples: z.int().optional(),
  windows: z.int().optional(),
  windowTokens: z.int(),
  seed: z.int(),
  tests: z.boolean().default(false),
  compare: z.enum(WEIGHT_TYPES).optional(),
});
type EvalOptions = z.infer<typeof schema>;

function evalModelCommand(cli: Cli): Command {
  return addModelOptions(new Command("model"))
    .description(`Measure a model on projects that are in no corpus: ${MEASURES.join(", ")}.`)
    .argument("[model]", "model file, folder or name of an imported one (default: the model in use)")
    .requiredOption("--data <dir>", "a project, or a folder of projects")
    .addOption(
      new Option("--only <measures>", `some of ${MEASURES.join(", ")}, with commas between`).argParser(
        parseMeasures,
      ),
    )
    .option("--quick", "a tenth of the samples: some minutes, and figures to compare roughly")
    .addOption(
      new Option(
        "--windows <n>",
        `windows scored per project and language (default: ${FULL.windows})`,
      ).argParser(parsePositive),
    )
    .addOption(
      new Option("--window-tokens <n>", "length of a window")
        .argParser(parsePositive)
        .default(WINDOW_TOKENS_DEFAULT),
    )
    .addOption(new Option("--seed <n>", "draws the same samples again").argParser(parseNatural).default(1))
    .option("--tests", "count the projects' tests too")
    .addOption(
      new Option("--compare <type>", "also read the windows with weights of this type").choices(WEIGHT_TYPES),
    )
    .addHelpText(
      "after",
      examples(
        "ouro eval model --data ./projects",
        "ouro eval model model.safetensors --data ./projects --quick --json",
        "ouro eval model --data ./hono/src --only bits --weights q8 --compare f32",
      ),
    )
    .action(async (file: string | undefined, _options, command: Command) => {
      const options = schema.parse(command.opts());
      const folder = resolve(cli.currentFolder, options.data);
      const projects = await readProjects({ folder, tests: options.tests ? "keep" : "drop" });
      const workplace = await openPlace(cli, options);
      const named = file ?? options.model;
      const { models } = workplace.home;
      const model =
        named && (await findNamedModel({ named, path: resolve(cli.currentFolder, named), models }));
      const loaded = await openModel({ workplace, choice: { ...options, model }, signal: cli.signal });
      try {
        const evaluation = await measure({ cli, options, projects, loaded });
        print({ cli, options, folder, projects, loaded, evaluation });
        if (evaluation.kind === "cancelled") {
          throw new Interrupted("Stopped; what is printed was finished, the rest was not measured.");
        }
      } finally {
        loaded.engine.close();
      }
    });
}

function parseMeasures(text: string): readonly Measure[] {
  const measures = text.split(",").map((name) => {
    const measure = MEASURES.find((each) => each === name.trim());
    if (measure === undefined) throw new InvalidArgumentError(`It must be some of ${MEASURES.join(", ")}.`);
    return measure;
  });
  return MEASURES.filter((each) => measures.includes(each));
}

interface Context {
  readonly cli: Cli;
  readonly options: EvalOptions;
  readonly projects: readonly EvaluationProject[];
  readonly loaded: LoadedModel;
}

async function measure({ cli, options, projects, loaded }: Context): Promise<Evaluation> {
  const { engine, model, tokenizer, path } = loaded;
  const { compare, seed, windowTokens } = options;
  const compared =
    compare === undefined
      ? undefined
      : await engine.loadModel({ path, weights: compare, signal: cli.signal });
  const evaluation = await evaluate({
    model,
    tokenizer,
    projects,
    measures: options.only ?? MEASURES,
    extent: extentOf(options),
    seed,
    windowTokens,
    rank: createRanker({ path, weights: model.weights, threads: engine.threads }),
    compared,
    signal: cli.signal,
    onProgress: cli.showProgress,
  });
  cli.showProgress(undefined);
  return evaluation;
}

function extentOf({ quick, windows }: EvalOptions): Extent {
  const extent = quick ? QUICK : FULL;
  return { ...extent, windows: windows ?? extent.windows };
}

function print(context: Context & { readonly folder: string; readonly evaluation: Evaluation }): void {
  const { cli, options, folder, projects, loaded, evaluation } = context;
  const { measured } = evaluation;
  const { path, model } = loaded;
  if (options.json) {
    printJson(cli, {
      model: { path, weights: model.weights, ...model.info },
      data: {
        folder,
        seed: options.seed,
        extent: extentOf(options),
        projects: projects.map(({ name, files, skipped }) => ({ name, ...sizeOf(files), skipped })),
      },
      headline: measured.bits && headlineOf(measured.bits),
      ...measured,
      definitions: DEFINITIONS,
    });
    return;
  }
  const all = sizeOf(projects.flatMap(({ files }) => files));
  const skipped = projects
    .flatMap((project) => Object.values(project.skipped))
    .reduce((sum, each) => sum + each, 0);
  cli.print(
    `${path}, weights in ${model.weights}; ${projects.length} projects, ${formatCount(all.files)} files, ` +
      `${formatBytes(all.bytes)} (${formatCount(skipped)} left out); seed ${options.seed}\n\n`,
  );
  cli.print(measureTables(measured));
}

function sizeOf(files: EvaluationProject["files"]): { readonly files: number; readonly bytes: number } {
  return { files: files.length, bytes: files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) };
}
