/**
 * A deterministic Engine for tests of everything above the seam: no native code, no files of weights, no threads.
 *
 * It is not a mock: it is a small real learner. The "model" is a table from the last twelve tokens to logits; an
 * adapter is a table of additions to it plus one addition for all contexts, so that one correction can disturb
 * another; a step is normalised descent on weighted cross-entropy and divergence; publishing rounds to bfloat16.
 * What it does not have: shapes, layers, tuned States, speed. It writes greedily only.
 */

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { setImmediate as breathe } from "node:timers/promises";
import { z } from "zod";
import {
  type Adapter,
  type Cancellable,
  type Cancelled,
  type Engine,
  EngineError,
  type GenerateOptions,
  type Generation,
  type Model,
  type ReadOptions,
  type ReferenceLogits,
  type Score,
  type State,
  type Tokenizer,
  type Trainer,
  type TrainerOptions,
  type TrainSequence,
} from "../src/engine/engine.js";

/** Additions to the logits by context; `EVERYWHERE` applies to all contexts. */
type Table = Map<string, Float64Array>;
type Rows = ReadonlyMap<string, Float64Array>;

const EVERYWHERE = "*";
const CONTEXT_TOKENS = 12;
/** Base logits lie in [0, this). */
const BASE_SPREAD = 4;
/** Makes the product's learning rate of 5e-4 move the logit with the largest gradient by two nats per step. */
const STEP_GAIN = 4000;
const EVERYWHERE_SHARE = 0.05;
/** What each State, adapter and reference is said to hold. */
export const FAKE_VALUE_BYTES = 1000;
const CANCELLED: Cancelled = { kind: "cancelled" };

export function createFakeEngine(): Engine {
  let isClosed = false;
  const open = <T>(value: T): T => {
    if (isClosed) throw new EngineError("closed", "the engine was closed");
    return value;
  };
  return {
    threads: 1,
    instructionSet: "scalar",
    precision: "f32",
    loadModel: async ({ path }) => open(await loadFakeModel(path)),
    initialModel: async ({ shape, seed }) =>
      open(createFakeModel({ vocabularySize: shape.vocabularySize, seed })),
    releaseMemory: async () => {},
    close() {
      isClosed = true;
    },
  };
}

const FakeModelFile = z.strictObject({ vocabularySize: z.int().positive().max(65_536), seed: z.int() });

async function loadFakeModel(path: string): Promise<Model> {
  try {
    return createFakeModel(FakeModelFile.parse(JSON.parse(await readFile(path, "utf8"))));
  } catch (error) {
    throw new EngineError("format", `${path} is no fake model`, { cause: error });
  }
}

/** Handles are opaque to their users; what is behind them is known here only. */
function createHandles<H extends object, Content>() {
  const contents = new WeakMap<H, Content>();
  return {
    hide(content: Content): H {
      const handle = Object.create(null);
      contents.set(handle, content);
      return handle;
    },
    show(handle: H): Content {
      const content = contents.get(handle);
      if (content === undefined) throw new EngineError("argument", "a handle of another model");
      return content;
    },
  };
}

export function createFakeModel(options: { readonly vocabularySize: number; readonly seed: number }): Model {
  const size = options.vocabularySize;
  const states = createHandles<State, readonly number[]>();
  const adapters = createHandles<Adapter, Rows>();
  const references = createHandles<ReferenceLogits, readonly Float64Array[]>();

  const extend = (context: readonly number[], token: number) => {
    if (token >= size) throw new EngineError("token", `token ${token} lies outside the vocabulary`);
    return [...context, token].slice(-CONTEXT_TOKENS);
  };
  const logitsAfter = (context: readonly number[], rows: Rows): Float64Array => {
    const key = context.join(" ");
    const own = rows.get(key);
    const everywhere = rows.get(EVERYWHERE);
    return baseLogits(options.seed, key, size).map(
      (logit, token) => logit + (own?.[token] ?? 0) + (everywhere?.[token] ?? 0),
    );
  };
  /** Context and logits after each token but the last. */
  const walk = (state: State, tokens: Uint32Array, rows: Rows) => {
    let context = states.show(state);
    return Array.from(tokens.subarray(0, -1), (token) => {
      context = extend(context, token);
      return { key: context.join(" "), logits: logitsAfter(context, rows) };
    });
  };
  const rowsOf = (adapter: Adapter | undefined): Rows => (adapter ? adapters.show(adapter) : new Map());
  const scoreWith = (state: State, tokens: Uint32Array, rows: Rows): Score => {
    const scored = walk(state, tokens, rows).map(({ logits }, at) => scoreOf(logits, tokens[at + 1] ?? 0));
    return {
      logProbabilities: Float32Array.from(scored, (fare) => fare.logProbability),
      best: Uint32Array.from(scored, (fare) => fare.best),
      margins: Float32Array.from(scored, (fare) => fare.margin),
    };
  };

  const model: Model = {
    info: {
      layers: 1,
      width: 64,
      heads: 1,
      headSize: 64,
      vocabularySize: size,
      ffnWidth: 64,
      loraRanks: { w: 1, a: 1, v: 1, g: 1 },
      parameters: size,
      hash: createHash("sha256").update(`fake ${size} ${options.seed}`).digest("hex"),
    },
    weights: "f32",
    bytes: 4 * size,
    bytesOf: () => FAKE_VALUE_BYTES,
    zeroState: () => states.hide([]),
    initialState: ({ state }) => state ?? states.hide([]),
    stateToBytes: (state) => new Uint8Array(Uint32Array.from(states.show(state)).buffer),
    stateFromBytes(bytes) {
      if (bytes.length % 4 !== 0) throw new EngineError("state", "not a State of this model");
      return states.hide(Array.from(new Uint32Array(bytes.slice().buffer)));
    },
    read: (request) =>
      answer(request, () => ({
        state: states.hide([...request.tokens].reduce(extend, states.show(request.state))),
      })),
    score: (request: ReadOptions) =>
      answer(request, () => scoreWith(request.state, request.tokens, rowsOf(request.adapter))),
    reference: (request) =>
      answer(request, () => {
        const steps = walk(request.state, request.tokens, rowsOf(request.adapter));
        return { logits: references.hide(steps.map(({ logits }) => softmax(logits))) };
      }),
    async generate(request) {
      const rows = rowsOf(request.adapter);
      let context = [...request.tokens].reduce(extend, states.show(request.state));
      return writeGreedily(request, (token) => {
        if (token !== undefined) context = extend(context, token);
        return logitsAfter(context, rows);
      });
    },
    async loadAdapter({ path }) {
      return adapters.hide(await loadTable(path));
    },
    createTrainer: (trainerOptions) =>
      createFakeTrainer({
        options: trainerOptions,
        rows: rowsOf(trainerOptions.from),
        hide: adapters.hide,
        show: adapters.show,
        score: scoreWith,
        gradients: (sequence, rows) => {
          const state = sequence.state ?? model.zeroState();
          const reference = sequence.reference && references.show(sequence.reference);
          return walk(state, sequence.tokens, rows).map(({ key, logits }, at) => ({
            key,
            at,
            probabilities: softmax(logits),
            target: sequence.tokens[at + 1] ?? 0,
            reference: reference?.[at],
          }));
        },
      }),
  };
  return model;
}

/** A fixed pseudo-random table, so that every context has its own favourite. */
function baseLogits(seed: number, key: string, size: number): Float64Array {
  let context = seed;
  for (let at = 0; at < key.length; at++) context = Math.imul(context ^ key.charCodeAt(at), 0x01000193);
  return Float64Array.from({ length: size }, (_zero, token) => {
    let mixed = context ^ Math.imul(token + 1, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return (((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000) * BASE_SPREAD;
  });
}

function softmax(logits: Float64Array): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = logits.map((logit) => Math.exp(logit - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function bestOf(logits: Float64Array, besides = -1): number {
  let best = -1;
  logits.forEach((logit, token) => {
    if (token !== besides && (best < 0 || logit > (logits[best] ?? 0))) best = token;
  });
  return best;
}

function scoreOf(logits: Float64Array, target: number) {
  return {
    logProbability: Math.log(softmax(logits)[target] ?? 0),
    best: bestOf(logits),
    margin: (logits[target] ?? 0) - (logits[bestOf(logits, target)] ?? 0),
  };
}

async function answer<T>({ signal }: Cancellable, compute: () => T) {
  await breathe();
  if (signal?.aborted) return CANCELLED;
  return { kind: "finished" as const, ...compute() };
}

async function writeGreedily(
  request: GenerateOptions,
  next: (token: number | undefined) => Float64Array,
): Promise<Generation> {
  const tokens: number[] = [];
  const logProbabilities: number[] = [];
  const end = (stoppedBy: Generation["stoppedBy"]): Generation => ({
    kind: stoppedBy === "cancel" ? "cancelled" : "finished",
    tokens: Uint32Array.from(tokens),
    logProbabilities: Float32Array.from(logProbabilities),
    stoppedBy,
  });
  let token: number | undefined;
  while (tokens.length < request.tokensMax) {
    await breathe();
    if (request.signal?.aborted) return end("cancel");
    const logits = next(token);
    token = bestOf(logits);
    if (request.stopTokens.includes(token)) return end("token");
    tokens.push(token);
    logProbabilities.push(scoreOf(logits, token).logProbability);
    request.onToken?.(token, logProbabilities.at(-1) ?? 0);
    const text = request.tokenizer?.decode(Uint32Array.from(tokens));
    if (request.stopStrings?.some((stop) => text?.includes(stop))) return end("string");
  }
  return end("limit");
}

interface Position {
  readonly key: string;
  readonly at: number;
  readonly probabilities: Float64Array;
  readonly target: number;
  readonly reference: Float64Array | undefined;
}

function createFakeTrainer(context: {
  readonly options: TrainerOptions;
  readonly rows: Rows;
  readonly hide: (rows: Rows) => Adapter;
  readonly show: (adapter: Adapter) => Rows;
  readonly score: (state: State, tokens: Uint32Array, rows: Rows) => Score;
  readonly gradients: (sequence: TrainSequence, rows: Rows) => readonly Position[];
}): Trainer {
  let table: Table = copyOf(context.rows);
  let steps = 0;

  /** Σ w·CE / Σ w + Σ k·KL / Σ k and its gradient by context. */
  const lossOf = (sequences: readonly TrainSequence[]) => {
    const weightSum = sum(sequences.map((each) => sum([...each.weights])));
    const klSum = sum(sequences.map((each) => sum([...(each.klWeights ?? [])])));
    const gradient: Table = new Map();
    let crossEntropy = 0;
    let klDivergence = 0;
    for (const sequence of sequences) {
      for (const { key, at, probabilities, target, reference } of context.gradients(sequence, table)) {
        const weight = (sequence.weights[at] ?? 0) / (weightSum || 1);
        const klWeight = reference ? (sequence.klWeights?.[at] ?? 0) / (klSum || 1) : 0;
        crossEntropy -= weight * Math.log(probabilities[target] ?? 0);
        const row = gradient.get(key) ?? new Float64Array(probabilities.length);
        gradient.set(key, row);
        probabilities.forEach((probability, token) => {
          const before = reference?.[token] ?? 0;
          if (klWeight > 0) klDivergence += klWeight * before * Math.log(before / probability);
          row[token] =
            (row[token] ?? 0) +
            weight * (probability - (token === target ? 1 : 0)) +
            klWeight * (probability - before);
        });
      }
    }
    return { crossEntropy, klDivergence, gradient };
  };
  const descend = (gradient: Table, rate: number) => {
    const steepest = [...gradient.values()].reduce(
      (top, row) => row.reduce((a, b) => Math.max(a, Math.abs(b)), top),
      Number.MIN_VALUE,
    );
    for (const [key, row] of gradient) {
      row.forEach((slope, token) => {
        const value = (-rate * slope) / steepest;
        add(table, { key, token, size: row.length, value });
        add(table, { key: EVERYWHERE, token, size: row.length, value: value * EVERYWHERE_SHARE });
      });
    }
  };

  return {
    get steps() {
      return steps;
    },
    close: async () => {},
    step: ({ sequences, learningRate, skipAbove, signal }) =>
      answer(signal ? { signal } : {}, () => {
        const { crossEntropy, klDivergence, gradient } = lossOf(sequences);
        const gradientNorm = Math.sqrt(
          sum([...gradient.values()].map((row) => sum([...row.map((g) => g * g)]))),
        );
        const loss = crossEntropy + klDivergence;
        const isOutlier =
          loss > (skipAbove?.loss ?? Number.POSITIVE_INFINITY) ||
          gradientNorm > (skipAbove?.gradientNorm ?? Number.POSITIVE_INFINITY);
        const isUsable = Number.isFinite(loss + gradientNorm + learningRate);
        const outcome = !isUsable ? "not-finite" : isOutlier ? "outlier" : "applied";
        const applied = outcome === "applied";
        if (applied) {
          descend(gradient, learningRate * STEP_GAIN);
          steps++;
        }
        return { loss, crossEntropy, klDivergence, gradientNorm, applied, outcome };
      }),
    score: (request) => answer(request, () => context.score(request.state, request.tokens, table)),
    publish: async () => context.hide(new Map([...table].map(([key, row]) => [key, row.map(roundToBf16)]))),
    saveAdapter: ({ adapter, path, metadata }) => saveTable(path, { metadata, rows: context.show(adapter) }),
    saveCheckpoint: async () => {
      throw new EngineError("argument", "the fake engine has no checkpoint to save");
    },
    save: ({ path }) => saveTable(path, { metadata: { steps: String(steps) }, rows: table }),
    async restore({ path }) {
      table = await loadTable(path);
      steps = Number(FakeAdapterFile.parse(JSON.parse(await readFile(path, "utf8"))).metadata.steps ?? 0);
    },
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const copyOf = (rows: Rows): Table => new Map([...rows].map(([key, row]) => [key, row.slice()]));

function add(
  table: Table,
  change: { readonly key: string; readonly token: number; readonly size: number; readonly value: number },
): void {
  const row = table.get(change.key) ?? new Float64Array(change.size);
  row[change.token] = (row[change.token] ?? 0) + change.value;
  table.set(change.key, row);
}

/** To nearest even, as the stored form of an adapter has it. */
function roundToBf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  const [word = 0] = bits;
  bits[0] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0] ?? 0;
}

const FakeAdapterFile = z.strictObject({
  metadata: z.record(z.string(), z.string()),
  /** Context, then float64 values in base64. */
  rows: z.array(z.tuple([z.string(), z.string()])),
});

async function saveTable(
  path: string,
  content: { readonly metadata: Readonly<Record<string, string>>; readonly rows: Rows },
): Promise<void> {
  const rows = [...content.rows].map(([key, row]) => [key, Buffer.from(row.buffer).toString("base64")]);
  await writeFile(path, JSON.stringify({ metadata: content.metadata, rows }));
}

async function loadTable(path: string): Promise<Table> {
  try {
    const file = FakeAdapterFile.parse(JSON.parse(await readFile(path, "utf8")));
    return new Map(
      file.rows.map(([key, row]) => [
        key,
        new Float64Array(Uint8Array.from(Buffer.from(row, "base64")).buffer),
      ]),
    );
  } catch (error) {
    throw new EngineError("format", `${path} is no adapter`, { cause: error });
  }
}

/** Token = byte + 1, 0 = end of document: a vocabulary that needs no file. */
export function createByteTokenizer(): Tokenizer {
  const decodeBytes = (tokens: Uint32Array) => {
    const foreign = tokens.find((token) => token > 256);
    if (foreign !== undefined) throw new EngineError("token", `token ${foreign} has no entry`);
    return Uint8Array.from(
      tokens.filter((token) => token > 0),
      (token) => token - 1,
    );
  };
  return {
    size: 257,
    hash: createHash("sha256").update("bytes").digest("hex"),
    encode(text) {
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
      return Uint32Array.from(bytes, (byte) => byte + 1);
    },
    decodeBytes,
    decode: (tokens) => new TextDecoder().decode(decodeBytes(tokens)),
    bytesOf: (token) => (token > 0 && token <= 256 ? Uint8Array.of(token - 1) : undefined),
  };
}
