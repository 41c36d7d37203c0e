/** `ouro eval model`: measures of a model on projects that are in no corpus. */

import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { type LoadedModel, openModel } from "../../compose.js";
import { WEIGHT_TYPES } from "../../engine/engine.js";
import { DEFINITIONS } from "../../lab/evaluation/definitions.js";
import {
  type Evaluation,
  type Extent,
  evaluate,
  FULL,
  MEASURES,
  type Measure,
  QUICK,
} from "../../lab/evaluation/evaluate.js";
import { headlineOf } from "../../lab/evaluation/headline.js";
import { type EvaluationProject, readProjects } from "../../lab/evaluation/projects.js";
import { createRanker } from "../../lab/evaluation/ranks.js";
import { findNamedModel } from "../../models/findModelFile.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { formatBytes, formatCount } from "../format.js";
import { addModelOptions, examples, modelSchema, parseNatural, parsePositive } from "../options.js";
import { openPlace } from "../place.js";
import { measureTables } from "./eval/measureTables.js";
import { findTrainedCorpus, type TrainedCorpus } from "./eval/trainedCorpus.js";

/** Half of it is the context that the headline asks for. */
const WINDOW_TOKENS_DEFAULT = 1024;

export function evalCommand(cli: Cli): Command {
  return new Command("eval")
    .description("How good a model is, on code that it has not seen.")
    .addCommand(evalModelCommand(cli));
}

const schema = modelSchema.extend({
  data: z.string(),
  only: z.array(z.enum(MEASURES)).default([...MEASURES]),
  quick: z.boolean().default(false),
  windows: z.int().optional(),
  places: z.int().optional(),
  windowTokens: z.int(),
  seed: z.int(),
  tests: z.boolean().default(false),
  compare: z.enum(WEIGHT_TYPES).optional(),
  corpus: z.string().optional(),
});
type EvalOptions = z.infer<typeof schema>;

function evalModelCommand(cli: Cli): Command {
  return addExtentOptions(addModelOptions(new Command("model")))
    .description("Measure a model on projects that are in no corpus.")
    .argument("[model]", "model file, folder or name of an imported one (default: the model in use)")
    .requiredOption("--data <dir>", "a project, or a folder of projects")
    .option("--tests", "count the projects' tests too")
    .addOption(
      new Option("--compare <type>", "read the windows with this type of weights too").choices(WEIGHT_TYPES),
    )
    .option(
      "--corpus <dir>",
      "corpus for the leak check (default: the one named by the model's config.json, in the data home)",
    )
    .addHelpText(
      "after",
      examples(
        "ouro eval model --data ./projects",
        "ouro eval model model.safetensors --data ./projects --quick --json",
        "ouro eval model --data ./hono/src --only bits,lines --weights q8 --compare f32",
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
        const trained = await findTrainedCorpus({
          folder: options.corpus && resolve(cli.currentFolder, options.corpus),
          checkpoint: loaded.path,
          homeRoot: workplace.home.root,
        });
        const context = { cli, options, projects, loaded, trained };
        const evaluation = await measure(context);
        print({ ...context, folder, evaluation });
        if (evaluation.kind === "cancelled") {
          throw new InterruptedCommand("Stopped; the measures that are printed were finished.");
        }
      } finally {
        loaded.engine.close();
      }
    });
}

/** What is measured, and how much of it. */
function addExtentOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--only <measures>", `some of ${MEASURES.join(",")}, with commas between`).argParser(
        parseMeasures,
      ),
    )
    .option("--quick", "fewer samples: minutes instead of a part of an hour, and rougher figures")
    .addOption(
      new Option(
        "--windows <n>",
        `windows scored per project and language (default: ${FULL.windows}, quick ${QUICK.windows})`,
      ).argParser(parsePositive),
    )
    .addOption(
      new Option("--window-tokens <n>", "length of a window")
        .argParser(parsePositive)
        .default(WINDOW_TOKENS_DEFAULT),
    )
    .addOption(
      new Option(
        "--places <n>",
        `lines written per project and language (default: ${FULL.places}, quick ${QUICK.places})`,
      ).argParser(parsePositive),
    )
    .addOption(
      new Option("--seed <n>", "the same seed draws the same samples").argParser(parseNatural).default(1),
    );
}

function parseMeasures(text: string): readonly Measure[] {
  const measures = text.split(",").map((name) => {
    const measure = MEASURES.find((each) => each === name.trim());
    if (measure === undefined) throw new InvalidArgumentError(`It must be some of ${MEASURES.join(",")}.`);
    return measure;
  });
  return MEASURES.filter((each) => measures.includes(each));
}

interface Context {
  readonly cli: Cli;
  readonly options: EvalOptions;
  readonly projects: readonly EvaluationProject[];
  readonly loaded: LoadedModel;
  readonly trained: TrainedCorpus;
}

async function measure({ cli, options, projects, loaded, trained }: Context): Promise<Evaluation> {
  const { engine, model, tokenizer, path } = loaded;
  const { compare, seed, windowTokens, only } = options;
  const compared =
    compare === undefined
      ? undefined
      : await engine.loadModel({ path, weights: compare, signal: cli.signal });
  const evaluation = await evaluate({
    model,
    tokenizer,
    projects,
    measures: only,
    extent: extentOf(options),
    seed,
    windowTokens,
    openRanks: () => createRanker({ path, weights: model.weights, threads: engine.threads }),
    compared,
    corpus: trained.kind === "found" ? trained.corpus : undefined,
    nowMs: () => performance.now(),
    signal: cli.signal,
    onProgress: cli.showProgress,
  });
  cli.showProgress(undefined);
  return evaluation;
}

function extentOf({ quick, windows, places }: EvalOptions): Extent {
  const extent = quick ? QUICK : FULL;
  return { ...extent, windows: windows ?? extent.windows, places: places ?? extent.places };
}

function print(context: Context & { readonly folder: string; readonly evaluation: Evaluation }): void {
  const { cli, options, evaluation, trained } = context;
  if (options.json) {
    printJson(cli, report(context));
    return;
  }
  cli.print(`${describeRun(context)}\n${measureTables(evaluation.measured)}`);
  if (options.only.includes("leak") && trained.kind === "absent")
    cli.note(`ouro: leaks were not looked for: ${trained.reason}.`);
}

function report({
  options,
  projects,
  loaded,
  trained,
  folder,
  evaluation,
}: Context & { readonly folder: string; readonly evaluation: Evaluation }) {
  const { path, model } = loaded;
  return {
    model: { path, weights: model.weights, ...model.info },
    data: {
      folder,
      seed: options.seed,
      tests: options.tests,
      extent: extentOf(options),
      projects: projects.map(({ name, files, skipped }) => ({ name, ...sizeOf(files), skipped })),
    },
    isComplete: evaluation.kind === "finished",
    headline: headlineOf(evaluation.measured),
    ...evaluation.measured,
    corpus: trained.kind === "found" ? { folder: trained.folder } : { absent: trained.reason },
    definitions: DEFINITIONS,
  };
}

function describeRun({
  options,
  projects,
  loaded,
}: Pick<Context, "options" | "projects" | "loaded">): string {
  const { files, bytes } = sizeOf(projects.flatMap((project) => project.files));
  const skipped = new Map<string, number>();
  for (const [reason, count] of projects.flatMap((project) => Object.entries(project.skipped)))
    skipped.set(reason, (skipped.get(reason) ?? 0) + count);
  const left = [...skipped].map(([reason, count]) => `${reason} ${count}`).join(", ");
  return [
    `${loaded.path}, weights in ${loaded.model.weights}\n`,
    `${projects.length} projects, ${formatCount(files)} files, ${formatBytes(bytes)}; seed ${options.seed}\n`,
    left === "" ? "" : `left out: ${left}\n`,
  ].join("");
}

function sizeOf(files: EvaluationProject["files"]): { readonly files: number; readonly bytes: number } {
  return { files: files.length, bytes: files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) };
}
