/** A data home, a fake engine and short words for tests of learning. */

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { showOf } from "../src/assistant/shownLessons.js";
import { type DataHome, locateDataHome, prepareDataHome } from "../src/base/dataHome.js";
import type { Adapter, Engine, Model, Tokenizer } from "../src/engine/engine.js";
import { GREEDY } from "../src/engine/greedy.js";
import { type Anchors, toAnchors } from "../src/learning/anchors.js";
import type { LearningOptions } from "../src/learning/open.js";
import { LEARNING_DEFAULTS } from "../src/learning/recipe.js";
import type { Lesson } from "../src/lessons/lesson.js";
import { createByteTokenizer, createFakeEngine, createFakeModel } from "./fakeEngine.js";
import { openLearning, type SoleLearning } from "./soleLearning.js";

const END = 0;
const ANSWER_TOKENS_MAX = 40;

export interface LearningBench {
  readonly home: DataHome;
  readonly options: LearningOptions;
  readonly anchors: Anchors;
  open(changes?: Partial<LearningOptions>): Promise<SoleLearning>;
  remove(): void;
}

export const tokenizer: Tokenizer = createByteTokenizer();
export const text = (content: string) => ({ text: content, tokens: tokenizer.encode(content) });

export function lessonFor(prompt: string, wanted: string, changes: Partial<Lesson> = {}): Lesson {
  const tokens = tokenizer.encode(prompt);
  return {
    source: "teach",
    prompt: { text: prompt, tokens },
    boundary: tokens.length - 1,
    rejected: text(""),
    wanted: text(wanted),
    end: END,
    ...changes,
  };
}

export async function createBench(root = mkdtempSync(join(tmpdir(), "ouro-learn-"))): Promise<LearningBench> {
  const home = locateDataHome({ OURO_HOME: join(realpathSync(root), "home") });
  await prepareDataHome(home);
  const engine: Engine = createFakeEngine();
  const model: Model = createFakeModel({ vocabularySize: tokenizer.size, seed: 1 });
  const anchors = toAnchors(
    ["for (const item of list) {", "export default function", "import { z } from", "return await fetch("].map(
      (content, index) => ({ id: `a${index}`, tokens: tokenizer.encode(content) }),
    ),
  );
  let count = 0;
  const options: LearningOptions = {
    home,
    engine,
    model,
    modelPath: null,
    tokenizer,
    project: { id: "shop-000000000000", name: "shop", folder: "/shop" },
    settings: LEARNING_DEFAULTS,
    anchors,
    clock: () => new Date("2026-01-01T00:00:00.000Z"),
    show: showOf({ model, tokenizer }),
    newId: () => `c${++count}`,
  };
  return {
    home,
    options,
    anchors,
    open: (changes = {}) => openLearning({ ...options, ...changes }),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** What the model writes greedily after `prompt`, up to its ending. */
export async function complete(model: Model, prompt: string, adapter?: Adapter): Promise<string> {
  const tokens = tokenizer.encode(prompt);
  const read = await model.read({ state: model.zeroState(), tokens: tokens.slice(0, -1) });
  if (read.kind === "cancelled") throw new Error("cancelled without a signal");
  const generation = await model.generate({
    state: read.state,
    tokens: tokens.slice(-1),
    sampling: GREEDY,
    tokensMax: ANSWER_TOKENS_MAX,
    stopTokens: Uint32Array.of(END),
    ...(adapter && { adapter }),
  });
  return tokenizer.decode(generation.tokens);
}
