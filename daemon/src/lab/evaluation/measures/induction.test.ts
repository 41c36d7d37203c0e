/**
 * The texts of the induction probe, and the probe itself on a model that does nothing but copy: it must recall every
 * name that was defined, and none that was not.
 */

import { expect, test } from "vitest";
import { createFakeModel } from "../../../../test/fakeEngine.js";
import {
  type GenerateOptions,
  type Generation,
  loadTokenizer,
  type Model,
  type State,
} from "../../../engine/engine.js";
import { embeddedModelPath, findVocabulary } from "../../../models/modelFiles.js";
import { encodeText } from "../../../prompt/encodeText.js";
import { randomFor } from "../draw.js";
import { drawName, INDUCTION_KINDS, type InductionKind, inductionCase, recalls } from "./induction.js";
import { DISTANCES, probeInduction } from "./inductionProbe.js";

const tokenizer = loadTokenizer(findVocabulary({ checkpoint: embeddedModelPath(), named: undefined }));
const filler = Array.from({ length: 300 }, (_, index) => `  if (index === ${index}) update(${index % 7});`);

const caseOf = (kind: InductionKind, distance: number, seed: number) =>
  inductionCase({ kind, distance, filler, tokenizer, random: randomFor(seed, kind) });

test("names are drawn from syllables, and hardly twice", () => {
  const names = Array.from({ length: 500 }, (_, seed) => drawName(randomFor(seed)));
  expect(new Set(names).size).toBeGreaterThan(495);
  for (const name of names) expect(name).toMatch(/^[a-z]{6,18}$/);
});

test.each(DISTANCES)(
  "the name was last mentioned %i tokens before the question, to within a line",
  (distance) => {
    for (let seed = 0; seed < 20; seed++) {
      const { prefix, expected, distanceTokens } = caseOf("bare", distance, seed);
      expect(Math.abs(distanceTokens - distance)).toBeLessThanOrEqual(16);
      const since = prefix.slice(prefix.lastIndexOf(expected));
      expect(since).not.toBe("");
      // Between them lie the rest of the definition and the question, some tokens each.
      const tokens = encodeText(tokenizer, since).length;
      expect(tokens - distanceTokens).toBeGreaterThan(0);
      expect(tokens - distanceTokens).toBeLessThan(40);
    }
  },
);

test("typed: three characters stand there, the rest is expected, and the whole was defined", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { prefix, expected } = caseOf("typed", 50, seed);
    expect(prefix.split(prefix.slice(-3) + expected).length).toBe(3);
  }
});

test("bare: the question repeats the words before the name's use", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { prefix, expected } = caseOf("bare", 50, seed);
    const question = prefix.slice(prefix.lastIndexOf("\n") + 1);
    expect(prefix).toContain(`${question}${expected}`);
  }
});

test("undefined: the name asked for is nowhere", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { prefix, expected } = caseOf("undefined", 50, seed);
    expect(prefix).not.toContain(prefix.slice(-3) + expected);
  }
});

test.each([
  ["vantil;", true],
  ["vantil", true],
  ["vantils;", false],
  ["vanti", false],
  [" vantil", false],
])("a continuation with %j recalls the name: %s", (written, is) =>
  expect(recalls(written, "vantil")).toBe(is),
);

/** Writes what followed the longest repetition of what stands at the end; the newest of equally long ones. */
function copyingModel(): Model {
  const fake = createFakeModel({ vocabularySize: tokenizer.size, seed: 1 });
  const histories = new WeakMap<State, readonly number[]>();
  const historyOf = (state: State) => histories.get(state) ?? [];
  const next = (history: readonly number[], banned: ReadonlySet<number>): number => {
    const anything = Array.from({ length: tokenizer.size - 1 }, (_, at) => at + 1).find(
      (id) => !banned.has(id),
    );
    let best = { length: -1, token: anything ?? 0 };
    for (let at = history.length - 1; at > 0; at--) {
      const token = history[at] ?? 0;
      if (banned.has(token)) continue;
      let length = 0;
      while (length < at && history[at - 1 - length] === history[history.length - 1 - length]) length++;
      if (length > best.length) best = { length, token };
    }
    return best.token;
  };
  return {
    ...fake,
    zeroState: () => fake.zeroState(),
    async read({ state, tokens }) {
      const after = fake.zeroState();
      histories.set(after, [...historyOf(state), ...tokens]);
      return { kind: "finished", state: after };
    },
    async generate({ state, tokens, sampling, tokensMax, onToken }: GenerateOptions): Promise<Generation> {
      const history = [...historyOf(state), ...tokens];
      const banned = new Set(sampling.tokenBan);
      const written: number[] = [];
      while (written.length < tokensMax) {
        const token = next(history, banned);
        history.push(token);
        written.push(token);
        onToken?.(token, 0);
      }
      const logProbabilities = new Float32Array(written.length);
      return { kind: "finished", tokens: Uint32Array.from(written), logProbabilities, stoppedBy: "limit" };
    },
  };
}

test("a model that copies recalls what was defined, at every distance, and nothing else", async () => {
  const text = `${filler.join("\n")}\n`;
  const probed = await probeInduction({
    model: copyingModel(),
    tokenizer,
    projects: [
      { name: "p", files: [{ project: "p", path: "a.ts", language: "typescript", text }], skipped: {} },
    ],
    cases: 6,
    seed: 1,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  if (probed.kind === "cancelled") throw new Error("nobody cancels here");
  expect(probed.rows).toHaveLength(INDUCTION_KINDS.length * DISTANCES.length);
  for (const { kind, recall } of probed.rows) {
    if (kind === "undefined") expect(recall).toBe(0);
    else expect(recall).toBeGreaterThanOrEqual(5 / 6);
  }
}, 60_000);
