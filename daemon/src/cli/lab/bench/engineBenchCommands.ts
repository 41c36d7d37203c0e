/** `ouro bench limits`, `gemm`, `decode`, `prefill`, `append`, `fork`, `context` and `train`: the engine, part by part. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Argument, Command, Option } from "commander";
import { z } from "zod";
import { openEngine } from "../../../compose.js";
import { type Engine, type Model, WEIGHT_TYPES, type WeightType } from "../../../engine/engine.js";
import type { BenchRun, Figure, Measurement } from "../../../lab/bench/figures.js";
import { benchGemm } from "../../../lab/bench/gemm.js";
import { type BenchSubject, benchAppend, benchDecode, benchPrefill } from "../../../lab/bench/inference.js";
import { benchLimits } from "../../../lab/bench/limits.js";
import { writeRandomCheckpoint } from "../../../lab/bench/randomCheckpoint.js";
import { BENCH_SHAPE_NAMES, BENCH_SHAPES } from "../../../lab/bench/shapes.js";
import { benchContext, benchFork } from "../../../lab/bench/states.js";
import { benchTrain, TRAIN_KINDS } from "../../../lab/bench/train.js";
import { type Cli, InterruptedCommand, printJson } from "../../cli.js";
import { formatBytes, formatCount } from "../../format.js";
import { addCommonOptions, commonSchema, examples, parsePositive } from "../../options.js";
import { openPlace } from "../../place.js";
import { peakMemoryBytes } from "../../processCli.js";
import { figureTable } from "./figureTable.js";

const machineSchema = commonSchema.extend({ threads: z.int().optional() });
const subjectSchema = machineSchema.extend({
  model: z.string().optional(),
  shape: z.enum(BENCH_SHAPE_NAMES),
  weights: z.enum(WEIGHT_TYPES).optional(),
});
const contextSchema = subjectSchema.extend({ tokens: z.int() });
const trainSchema = subjectSchema.extend({
  kind: z.enum(TRAIN_KINDS),
  sequences: z.int(),
  tokens: z.int(),
});

export function engineBenchCommands(cli: Cli): readonly Command[] {
  return [
    machineCommand(cli, {
      name: "limits",
      description: "What the machine can do: reading caches and memory, multiply-adds of f32, bf16 and int8.",
      bench: benchLimits,
    }),
    machineCommand(cli, {
      name: "gemm",
      description: "The engine's own matrix products at the sizes of the shapes.",
      bench: benchGemm,
    }),
    subjectCommand(cli, {
      name: "decode",
      description: "Writing tokens one by one, beside reading all weights once per token.",
      bench: benchDecode,
    }),
    subjectCommand(cli, {
      name: "prefill",
      description: "Reading 512 tokens at once, with the logits after the last.",
      bench: benchPrefill,
    }),
    subjectCommand(cli, {
      name: "append",
      description: "Reading 1 to 16 tokens more after a hot State, as typing does.",
      bench: benchAppend,
    }),
    subjectCommand(cli, {
      name: "fork",
      description: "Copying a State, and taking it to bytes and back.",
      bench: benchFork,
    }),
    contextCommand(cli),
    trainCommand(cli),
  ];
}

interface Bench<Given> {
  readonly name: string;
  readonly description: string;
  readonly bench: (given: Given, run: BenchRun) => Promise<Measurement<readonly Figure[]>>;
}

function addThreads(command: Command): Command {
  return addCommonOptions(command).addOption(
    new Option("--threads <n>", "kernel threads (default: physical cores)").argParser(parsePositive),
  );
}

function addSubject(command: Command, shape: (typeof BENCH_SHAPE_NAMES)[number]): Command {
  return addThreads(command)
    .addOption(
      new Option("--shape <name>", "random weights of this shape").choices(BENCH_SHAPE_NAMES).default(shape),
    )
    .option("--model <file>", "a checkpoint instead of random weights")
    .addOption(
      new Option(
        "--weights <type>",
        "how they are kept for reading and writing (default: as in the file)",
      ).choices(WEIGHT_TYPES),
    );
}

function machineCommand(cli: Cli, { name, description, bench }: Bench<Engine>): Command {
  return addThreads(new Command(name))
    .description(description)
    .addHelpText("after", examples(`ouro bench ${name}`, `ouro bench ${name} --threads 1 --json`))
    .action(async (_options, command: Command) => {
      const options = machineSchema.parse(command.opts());
      await withEngine(cli, options, async (engine) => {
        const figures = finished(await bench(engine, runOf(cli)));
        report({ cli, json: options.json, engine, figures, subject: {} });
      });
    });
}

function subjectCommand(cli: Cli, { name, description, bench }: Bench<BenchSubject>): Command {
  return addSubject(new Command(name), "0.1b")
    .description(description)
    .addHelpText(
      "after",
      examples(`ouro bench ${name}`, `ouro bench ${name} --weights q8 --threads 1 --json`),
    )
    .action(async (_options, command: Command) => {
      const options = subjectSchema.parse(command.opts());
      await withSubject(cli, options, async (engine, model) => {
        const figures = finished(await bench({ machine: engine, model }, runOf(cli)));
        report({ cli, json: options.json, engine, figures, subject: subjectOf(model, options) });
      });
    });
}

function contextCommand(cli: Cli): Command {
  return addSubject(new Command("context"), "tiny")
    .description("Whether a token costs the same after a thousand tokens as after very many.")
    .addOption(
      new Option("--tokens <n>", "the most tokens read before").argParser(parsePositive).default(131_072),
    )
    .addHelpText("after", examples("ouro bench context", "ouro bench context --tokens 1000000 --json"))
    .action(async (_options, command: Command) => {
      const options = contextSchema.parse(command.opts());
      await withSubject(cli, options, async (engine, model) => {
        const subject = { machine: engine, model };
        const figures = finished(await benchContext(subject, options.tokens, runOf(cli)));
        report({ cli, json: options.json, engine, figures, subject: subjectOf(model, options) });
      });
    });
}

function trainCommand(cli: Cli): Command {
  return addSubject(new Command("train"), "tiny")
    .description("Optimizer steps: tokens per second and the most memory held.")
    .addArgument(new Argument("[what]", "what learns").choices(TRAIN_KINDS).default("full"))
    .addOption(new Option("--sequences <n>", "in one step").argParser(parsePositive).default(8))
    .addOption(new Option("--tokens <n>", "in one sequence").argParser(parsePositive).default(256))
    .addHelpText(
      "after",
      examples("ouro bench train", "ouro bench train lora --shape 0.1b --sequences 1 --tokens 512 --json"),
    )
    .action(async (kind: unknown, _options, command: Command) => {
      const options = trainSchema.parse({ kind, ...command.opts() });
      await withSubject(cli, options, async (engine, model) => {
        const figures = finished(await benchTrain({ machine: engine, model }, options, runOf(cli)));
        const subject = { ...subjectOf(model, options), peakBytes: peakMemoryBytes() };
        report({ cli, json: options.json, engine, figures, subject });
      });
    });
}

type Subjects = z.infer<typeof subjectSchema>;

function subjectOf(model: Model, { model: path, shape }: Subjects) {
  return {
    ...(path === undefined ? { shape } : { model: path }),
    parameters: model.info.parameters,
    weights: model.weights,
  };
}

async function withSubject(
  cli: Cli,
  options: Subjects,
  body: (engine: Engine, model: Model) => Promise<void>,
): Promise<void> {
  await withEngine(cli, options, async (engine) => {
    cli.showProgress({ phase: "making the model", done: 0, total: 0, detail: "", secondsLeft: undefined });
    await withCheckpoint(cli, options, async (path) => {
      const { weights } = options;
      const model = await engine.loadModel({ path, ...(weights && { weights }), signal: cli.signal });
      await body(engine, model);
    });
  });
}

/** The given file, or random weights that are gone afterwards. */
async function withCheckpoint(
  cli: Cli,
  { model, shape }: Subjects,
  body: (path: string) => Promise<void>,
): Promise<void> {
  if (model !== undefined) return body(model);
  const folder = await mkdtemp(join(tmpdir(), "ouro-bench-"));
  try {
    const path = join(folder, "random.safetensors");
    await writeRandomCheckpoint({ path, shape: BENCH_SHAPES[shape], signal: cli.signal });
    if (cli.signal.aborted) throw new InterruptedCommand(NOTHING);
    await body(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withEngine(
  cli: Cli,
  options: z.infer<typeof machineSchema>,
  body: (engine: Engine) => Promise<void>,
): Promise<void> {
  const { settings } = await openPlace(cli, options);
  const engine = openEngine({ settings, threads: options.threads });
  try {
    await body(engine);
  } finally {
    cli.showProgress(undefined);
    engine.close();
  }
}

const NOTHING = "Stopped; nothing was measured.";

function finished<T>(measured: Measurement<T>): T {
  if (measured === undefined) throw new InterruptedCommand(NOTHING);
  return measured;
}

function runOf(cli: Cli): BenchRun {
  return {
    signal: cli.signal,
    onProgress: (phase, done, total) =>
      cli.showProgress({ phase, done, total, detail: "", secondsLeft: undefined }),
  };
}

function report(result: {
  readonly cli: Cli;
  readonly json: boolean;
  readonly engine: Engine;
  readonly figures: readonly Figure[];
  readonly subject: {
    readonly parameters?: number;
    readonly weights?: WeightType;
    readonly peakBytes?: number;
  };
}): void {
  const { cli, json, engine, figures, subject } = result;
  const { threads, instructionSet } = engine;
  const { parameters, weights, peakBytes } = subject;
  cli.showProgress(undefined);
  if (json) {
    printJson(cli, { threads, instructionSet, ...subject, figures });
    return;
  }
  const size = parameters === undefined ? "" : `${formatCount(parameters)} parameters in ${weights}, `;
  cli.print(`${size}${threads} threads, ${instructionSet}\n${figureTable(figures)}`);
  if (peakBytes !== undefined) cli.print(`Most memory held by this process: ${formatBytes(peakBytes)}.\n`);
}
