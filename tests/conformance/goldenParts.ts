/** The golden files that belong to no model: the optimiser alone, sampling, tokenizer, odd archives. */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SamplingCase } from "../../daemon/src/lab/conformance/subject.js";
import { referenceInspector } from "./reference/inspector.js";
import { type Storage, type View, viewed, writePth } from "./reference/pth.js";
import { createRandom } from "./reference/random.js";
import { type WrittenTensors, writeSafetensors } from "./reference/safetensors.js";
import { occurrencesAfterEach, probabilitiesOf } from "./reference/sampling.js";
import { createTokenizer } from "./reference/tokenizer.js";
import { nearestBf16 } from "./reference/values.js";
import { writeVocabulary } from "./reference/vocabulary.js";

/** `adamw_standalone.safetensors`: five steps of three tensors, with zeros among the gradients. */
export function writeStandalone(folder: string): void {
  const random = createRandom(101);
  const steps = 5;
  const lrWd: Readonly<Record<string, readonly [number, number]>> = {
    w: [1e-3, 0.01],
    b: [1e-3, 0],
    w0: [2e-3, 0],
  };
  const shapes: Readonly<Record<string, readonly number[]>> = { w: [5, 7], b: [11], w0: [1, 1, 6] };
  const { adamw } = referenceInspector();
  const tensors: Record<string, WrittenTensors[string]> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const draw = (scale: number) =>
      Float32Array.from({ length: size }, (_, i) => (i % 5 === 3 ? 0 : scale * random.normal()));
    const [learningRate = 0, weightDecay = 0] = lrWd[name] ?? [];
    let parameter: Float32Array = draw(1);
    let moments: { m: Float32Array; v: Float32Array } = {
      m: new Float32Array(size),
      v: new Float32Array(size),
    };
    tensors[`step0.p.${name}`] = { shape, data: parameter };
    for (let step = 1; step <= steps; step++) {
      const gradient = draw(1e-3);
      const hyper = { learningRate, weightDecay, beta1: 0.9, beta2: 0.99, epsilon: 1e-18 };
      const next = adamw({ parameter, gradient, ...moments, step, ...hyper });
      parameter = next.parameter;
      moments = { m: next.m, v: next.v };
      tensors[`step${step}.g.${name}`] = { shape, data: gradient };
      tensors[`step${step}.p.${name}`] = { shape, data: parameter };
      tensors[`step${step}.m.${name}`] = { shape, data: moments.m };
      tensors[`step${step}.v.${name}`] = { shape, data: moments.v };
    }
  }
  const hyper = JSON.stringify({ betas: [0.9, 0.99], eps: 1e-18, lr_wd: lrWd, steps });
  writeSafetensors(join(folder, "adamw_standalone.safetensors"), tensors, { hyper });
}

type Settings = Partial<Omit<SamplingCase, "logits">>;

const SAMPLING_CASES: Readonly<Record<string, Settings>> = {
  plain: {},
  greedy: { temperature: 0, topP: 0.9 },
  "top-p before temperature": { temperature: 1.8, topP: 0.8 },
  "top-p 0 is greedy": { topP: 0 },
  "top-k": { topK: 4 },
  "top-k after top-p, cold": { temperature: 0.5, topP: 0.95, topK: 3 },
  "a count of zero pays presence": {
    alphaPresence: 0.5,
    alphaFrequency: 0.3,
    occurrence: new Map([
      [2, 0],
      [5, 1.98],
    ]),
  },
  "banned tokens": { tokenBan: Uint32Array.of(0, 7, 8) },
  "repetition penalty": {
    temperature: 1.3,
    repetitionPenalty: 1.4,
    repetitionTokens: Uint32Array.of(1, 4, 6),
    occurrence: new Map([[1, 1]]),
    alphaFrequency: 0.2,
  },
};

export function writeSampling(folder: string): void {
  const random = createRandom(102);
  const cases = Object.entries(SAMPLING_CASES).map(([name, settings]) => {
    const options: SamplingCase = {
      logits: Float32Array.from({ length: 19 }, () => 2 * random.normal()),
      temperature: 1,
      topP: 1,
      topK: 0,
      alphaPresence: 0,
      alphaFrequency: 0,
      occurrence: new Map(),
      tokenBan: Uint32Array.of(),
      repetitionPenalty: 1,
      repetitionTokens: Uint32Array.of(),
      ...settings,
    };
    return {
      name,
      logits: [...options.logits],
      temperature: options.temperature,
      top_p: options.topP,
      top_k: options.topK,
      alpha_presence: options.alphaPresence,
      alpha_frequency: options.alphaFrequency,
      occurrence: Object.fromEntries(options.occurrence),
      token_ban: [...options.tokenBan],
      repetition_penalty: options.repetitionPenalty,
      repetition_tokens: [...options.repetitionTokens],
      probs: probabilitiesOf(options),
    };
  });
  const texts: Readonly<Record<string, string>> = { 1: "x", 2: " ", 3: "\t0", 4: "90", 5: "é", 6: "4567" };
  const generated = [1, 2, 3, 4, 1, 5, 6, 3, 2, 4];
  const counts = occurrencesAfterEach({
    generated: Uint32Array.from(generated),
    alphaDecay: 0.99,
    tokenBytes: new Map(Object.entries(texts).map(([token, text]) => [Number(token), Buffer.from(text)])),
  });
  const trace = {
    token_strings: texts,
    generated,
    alpha_decay: 0.99,
    occurrence_after_each_token: counts.map((count) => Object.fromEntries(count)),
  };
  writeFileSync(
    join(folder, "sampling.json"),
    JSON.stringify({ cases, occurrence_trace: trace }, undefined, 1),
  );
}

const WORDS = [
  "ab",
  "abc",
  "bc",
  "abcd",
  " the",
  "the",
  "\n\n",
  "\r\n",
  "'",
  "''",
  "\"'",
  "\\",
  "\\n",
  "é",
  "日本",
  "日",
  "👍🏽",
  "0x",
];
/** Not UTF-8: a lone continuation, the start of a character, both ends of one. */
const BYTES = [
  [0x80, 0x81],
  [0xe6, 0x97],
  [0x61, 0xff],
  [0xf0, 0x9f, 0x91],
];
const TEXTS = [
  "",
  "a",
  "abcdab",
  "ababcbcd the the\r\n\r\nthe\n\n\n",
  "'\"''\\n\\\\",
  "日本語 日 👍🏽👍 e\u0301 é",
  "\u0000\u001f\u007f\u0085\u00a0\ufeff",
  "0x00 0X 0x",
];

export function writeTokenizer(folder: string): void {
  const singles = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const longer = [
    ...WORDS.map((word) => new Uint8Array(Buffer.from(word))),
    ...BYTES.map((bytes) => Uint8Array.from(bytes)),
  ];
  // Ids 1 to 256 are the single bytes; the World vocabulary, too, sorts the rest by length.
  const entries = [
    ...singles,
    ...longer.filter((bytes) => bytes.length > 1).sort((a, b) => a.length - b.length),
  ];
  const vocabulary = new Map(entries.map((bytes, index) => [index + 1, bytes]));
  const name = "tiny_vocab.txt";
  const path = join(folder, "tokenizer", name);
  writeVocabulary(path, vocabulary);

  const random = createRandom(103);
  const drawn = Array.from({ length: 30 }, () =>
    Buffer.concat(
      Array.from(
        { length: 1 + random.below(12) },
        () => entries[random.below(entries.length)] ?? Buffer.of(),
      ),
    ),
  );
  const tokenizer = createTokenizer(vocabulary);
  const cases = [...TEXTS.map((text) => Buffer.from(text)), ...drawn].map((bytes) => {
    const text = bytes.toString("utf8");
    const ids = Array.from(tokenizer.encode(bytes));
    return { bytes_hex: bytes.toString("hex"), text: Buffer.from(text).equals(bytes) ? text : null, ids };
  });
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  const card = { vocab: { name, sha256, entries: vocabulary.size }, cases };
  writeFileSync(join(folder, "tokenizer", "tiny_cases.json"), JSON.stringify(card, undefined, 1));
}

/** `models/quirks*.pth`: every kind of view and dtype that a reader of archives may meet. */
export function writeQuirks(folder: string): void {
  const counted = (key: string, length: number, scale: number): Storage => ({
    key,
    dtype: "F32",
    values: Float32Array.from({ length }, (_, i) => (i - length / 2) * scale),
  });
  const shared = counted("shared", 60, 0.25);
  const typed = (dtype: Storage["dtype"], values: readonly number[]): View => ({
    storage: { key: `of_${dtype}`, dtype, values },
    shape: [values.length],
  });
  const tensors: Record<string, View> = {
    contiguous: { storage: counted("0", 12, 0.5), shape: [3, 4] },
    transposed: { storage: shared, shape: [10, 6], stride: [1, 10] },
    offset_rows: { storage: shared, offset: 20, shape: [3, 10] },
    every_other_column: { storage: shared, offset: 1, shape: [6, 5], stride: [10, 2] },
    permuted: { storage: counted("1", 24, 1), shape: [4, 2, 3], stride: [1, 12, 4] },
    scalar: { storage: counted("2", 5, 1), offset: 4, shape: [] },
    empty: { storage: counted("3", 0, 1), shape: [0, 4] },
    parameter: { storage: counted("4", 6, 2), shape: [2, 3], isParameter: true },
    vector_of_rank_3: { storage: counted("5", 5, 1), shape: [1, 1, 5] },
    bf16: typed("BF16", [1, -2.5, 0.1, 3e38, -1e-20].map(nearestBf16)),
    f16: typed("F16", [0, 1, -0.5, 65504, 2 ** -14]),
    f64: typed("F64", [Math.PI, -1e300, 1e-300]),
    i64: typed("I64", [0, -1, 2 ** 40]),
    i32: typed("I32", [2 ** 31 - 1, -(2 ** 31)]),
  };
  for (const [file, container, protocol] of [
    ["quirks.pth", "ordered", 2],
    ["quirks.proto4.pth", "dict", 4],
  ] as const)
    writePth({ path: join(folder, "models", file), tensors, container, protocol });
  const expected = Object.entries(tensors).map(([name, view]) => {
    const { shape, storage } = view;
    return [name, { dtype: storage.dtype, shape, data: viewed(view) }] as const;
  });
  writeSafetensors(join(folder, "quirks.expected.safetensors"), Object.fromEntries(expected));
}
