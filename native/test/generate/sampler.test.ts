import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSampler, isUncounted, type SamplerOptions } from "../../lib/sampler.js";
import type { Sampling } from "../../lib/types.js";
import { conformanceJson, conformancePath, NO_GOLDEN } from "../conformanceFolder.js";
import { expectEngineError } from "../expectEngineError.js";
import { naiveProbabilities } from "./naiveSampler.js";

const PLAIN: Sampling = {
  temperature: 1,
  topP: 1,
  topK: 0,
  alphaPresence: 0,
  alphaFrequency: 0,
  alphaDecay: 0.996,
  repetitionPenalty: 1,
  tokenBan: new Uint32Array(),
  seed: 7,
};
const LOGITS = Float32Array.of(2, 1, 0.5, 0, -1, -3);

function sampler(sampling: Partial<Sampling>, past?: SamplerOptions["past"], logits = LOGITS) {
  return createSampler({
    sampling: { ...PLAIN, ...sampling },
    vocabularySize: logits.length,
    ...(past && { past }),
  });
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  expect(actual.length).toBe(expected.length);
  const worst = Array.from(actual, (value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  expect(Math.max(...worst)).toBeLessThanOrEqual(tolerance);
}

describe("probabilities", () => {
  const only = (...tokens: number[]) => tokens;
  test.each([
    ["temperature 0 is greedy", { temperature: 0 }, only(0)],
    ["topP 0 is greedy", { topP: 0 }, only(0)],
    ["topK 1 is greedy", { topK: 1 }, only(0)],
    ["topK keeps the most probable", { topK: 3 }, only(0, 1, 2)],
    ["topP keeps up to the token that reaches it", { topP: 0.6 }, only(0, 1)],
    ["topP of 1 is off", { topP: 1 }, only(0, 1, 2, 3, 4, 5)],
    ["topP above 1 is off", { topP: 2 }, only(0, 1, 2, 3, 4, 5)],
    ["topP looks at probabilities before temperature", { topP: 0.6, temperature: 100 }, only(0, 1)],
    ["a very low temperature keeps the best alone", { temperature: 1e-6 }, only(0)],
    ["banned tokens cannot be drawn", { tokenBan: Uint32Array.of(0, 5, 0) }, only(1, 2, 3, 4)],
  ])("%s", (_name, sampling, tokens) => {
    const probabilities = [...sampler(sampling).probabilities(LOGITS)];
    expect(probabilities.flatMap((p, token) => (p > 0 ? [token] : []))).toEqual(tokens);
    expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
  });

  test("equals of the last token that topP keeps stay", () => {
    const logits = Float32Array.of(1, 3, 1, 1, -9);
    const probabilities = [...sampler({ topP: 0.8 }, undefined, logits).probabilities(logits)];
    expect(probabilities.map((p) => p > 0)).toEqual([true, true, true, true, false]);
  });

  test("among equals, greedy takes the lowest token and topK the lower ones", () => {
    const logits = Float32Array.of(0, 1, 1, 1);
    expect(sampler({ temperature: 0 }, undefined, logits).choose(logits).token).toBe(1);
    const kept = [...sampler({ topK: 2 }, undefined, logits).probabilities(logits)];
    expect(kept).toEqual([0, 0.5, 0.5, 0]);
  });

  /** Steps of a hundredth: no two probabilities within rounding of each other, but where penalties bring them there. */
  const hundredths = fc.uniqueArray(fc.integer({ min: -800, max: 800 }), { minLength: 10, maxLength: 60 });
  const arbitrarySampling = fc.record({
    temperature: fc.double({ min: 0.2, max: 4, noNaN: true }),
    topP: fc.double({ min: 0.01, max: 1.2, noNaN: true }),
    topK: fc.integer({ min: 0, max: 12 }),
    alphaPresence: fc.double({ min: -2, max: 2, noNaN: true }),
    alphaFrequency: fc.double({ min: -2, max: 2, noNaN: true }),
    repetitionPenalty: fc.double({ min: 0.5, max: 2, noNaN: true }),
  });
  test("are those of the plain algorithm, for any logits and options", () => {
    fc.assert(
      fc.property(
        hundredths,
        arbitrarySampling,
        fc.dictionary(fc.nat(9).map(String), fc.double({ min: 0, max: 5, noNaN: true })),
        fc.array(fc.nat(9)),
        fc.array(fc.nat(8)),
        (values, sampling, counts, repeated, banned) => {
          const logits = Float32Array.from(values, (value) => value / 100);
          const occurrences = new Map(Object.entries(counts).map(([token, n]) => [Number(token), n]));
          const options = { ...PLAIN, ...sampling, tokenBan: Uint32Array.from(banned) };
          const past = { occurrences, repeated: Uint32Array.from(repeated) };
          const actual = sampler(options, past, logits).probabilities(logits);
          const expected = naiveProbabilities({ logits, sampling: options, ...past });
          // A cumulative sum within rounding of topP may be cut one token earlier or later.
          fc.pre(!expected.isNearCut);
          // Penalised logits are float32, off by up to 5e-7 each, which a temperature of 0.2 makes five times that.
          expectClose(actual, expected.probabilities, 1e-5);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("choose", () => {
  test("draws each token as often as its probability says", () => {
    const runs = 20_000;
    const sampling = { topP: 0.97, temperature: 1.3, alphaPresence: 0, alphaFrequency: 0 };
    const subject = sampler(sampling);
    const probabilities = subject.probabilities(LOGITS);
    const counts = new Float64Array(LOGITS.length);
    for (let run = 0; run < runs; run += 1) {
      const { token } = subject.choose(LOGITS);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    let chiSquare = 0;
    counts.forEach((count, token) => {
      const expected = runs * (probabilities[token] ?? 0);
      if (expected === 0) expect(count).toBe(0);
      else chiSquare += (count - expected) ** 2 / expected;
    });
    expect(chiSquare).toBeLessThan(20.5); // 99.9 % of chi-square with 5 degrees of freedom; the seed is fixed
  });

  test("draws the same tokens for the same seed, and others for another", () => {
    const run = (seed: number) => {
      const subject = sampler({ seed, alphaPresence: 0.2 });
      return Array.from({ length: 50 }, () => subject.choose(LOGITS).token);
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    expect(run(0)).not.toEqual(run(Number.MAX_SAFE_INTEGER));
  });

  test("gives the log-probability before penalties and filters", () => {
    const logSum = Math.log([...LOGITS].reduce((sum, value) => sum + Math.exp(value), 0));
    const subject = sampler({ temperature: 0, tokenBan: Uint32Array.of(0), alphaPresence: 100 });
    for (const token of [1, 2]) {
      const choice = subject.choose(LOGITS);
      expect(choice.token).toBe(token); // the presence penalty pushes the one before out
      expect(choice.logProbability).toBeCloseTo((LOGITS[token] ?? 0) - logSum, 6);
    }
  });

  test.each([
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus infinity", Number.NEGATIVE_INFINITY],
  ])("refuses logits with %s", (_name, value) => {
    const logits = Float32Array.from(LOGITS).fill(value, 3, 4);
    for (const temperature of [0, 1]) {
      expectEngineError(() => sampler({ temperature }).choose(logits), "numbers");
      expectEngineError(() => sampler({ temperature }).probabilities(logits), "numbers");
    }
  });

  test("refuses when every token is banned, or when logits are missing", () => {
    const everything = { tokenBan: Uint32Array.from(LOGITS.keys()) };
    expectEngineError(() => sampler(everything).choose(LOGITS), "argument");
    expectEngineError(() => sampler({}).choose(LOGITS.subarray(1)), "argument");
  });
});

describe("occurrences", () => {
  test("fade, and skip what may repeat", () => {
    const subject = createSampler({ sampling: PLAIN, vocabularySize: 4, uncounted: Uint32Array.of(3) });
    for (const token of [1, 3, 1, 2]) subject.count(token);
    expect([...subject.occurrences()]).toEqual([
      [1, (0.996 ** 2 + 1) * 0.996],
      [3, 0],
      [2, 1],
    ]);
  });

  test.each([
    ["", true],
    [" ", true],
    ["\t", true],
    ["7", true],
    ["12", true],
    ["0123456789", true],
    ["\t0", true],
    ["10", false],
    ["\n", false],
    ["  ", false],
    ["a", false],
  ])("the token %j is never counted: %s", (text, expected) => {
    expect(isUncounted(Buffer.from(text))).toBe(expected);
  });
});

test.each<[Partial<Sampling>, string]>([
  [{ temperature: -1 }, "temperature"],
  [{ temperature: Number.NaN }, "temperature"],
  [{ topP: -0.1 }, "topP"],
  [{ topK: 1.5 }, "topK"],
  [{ topK: -1 }, "topK"],
  [{ alphaPresence: Number.POSITIVE_INFINITY }, "alphaPresence"],
  [{ alphaDecay: 1.1 }, "alphaDecay"],
  [{ repetitionPenalty: 0 }, "repetitionPenalty"],
  [{ tokenBan: Uint32Array.of(6) }, "tokenBan"],
  [{ seed: -1 }, "seed"],
])("refuses the option %j", (sampling, name) => {
  expectEngineError(() => sampler(sampling), "argument", name);
});

interface GoldenCase {
  readonly name: string;
  readonly logits: number[];
  readonly temperature: number;
  readonly top_p: number;
  readonly top_k: number;
  readonly alpha_presence: number;
  readonly alpha_frequency: number;
  readonly occurrence: Record<string, number>;
  readonly token_ban: number[];
  readonly repetition_penalty: number;
  readonly repetition_tokens: number[];
  readonly probs: number[];
}
interface GoldenTrace {
  readonly token_strings: Record<string, string>;
  readonly generated: number[];
  readonly alpha_decay: number;
  readonly occurrence_after_each_token: Record<string, number>[];
}
const golden = conformanceJson<{ cases: GoldenCase[]; occurrence_trace?: GoldenTrace }>("sampling.json", {
  cases: [],
});

test("golden: the cases are there", ({ skip }) => {
  if (!conformancePath("sampling.json")) return skip(NO_GOLDEN);
  expect(golden.cases).not.toEqual([]);
  expect(golden.occurrence_trace?.generated).not.toEqual([]);
});

for (const item of golden.cases) {
  test(`golden: ${item.name}`, () => {
    const logits = Float32Array.from(item.logits);
    const sampling = {
      temperature: item.temperature,
      topP: item.top_p,
      topK: item.top_k,
      alphaPresence: item.alpha_presence,
      alphaFrequency: item.alpha_frequency,
      repetitionPenalty: item.repetition_penalty,
      tokenBan: Uint32Array.from(item.token_ban),
    };
    const occurrences = new Map(Object.entries(item.occurrence).map(([token, n]) => [Number(token), n]));
    const past = { occurrences, repeated: Uint32Array.from(item.repetition_tokens) };
    expectClose(sampler(sampling, past, logits).probabilities(logits), item.probs, 2e-6);
  });
}

const trace = golden.occurrence_trace;
if (trace) {
  test("golden: occurrence trace", () => {
    const texts = Object.entries(trace.token_strings);
    const uncounted = texts
      .filter(([, text]) => isUncounted(Buffer.from(text)))
      .map(([token]) => Number(token));
    const subject = createSampler({
      sampling: { ...PLAIN, alphaDecay: trace.alpha_decay },
      vocabularySize: 16,
      uncounted: Uint32Array.from(uncounted),
    });
    trace.generated.forEach((token, i) => {
      subject.count(token);
      const expected = Object.entries(trace.occurrence_after_each_token[i] ?? {});
      const actual = subject.occurrences();
      expect(actual.size).toBe(expected.length);
      for (const [name, count] of expected) expect(actual.get(Number(name))).toBeCloseTo(count, 12);
    });
  });
}
