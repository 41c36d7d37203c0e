/**
 * Learning is real: drawn corrections are taught to the shipped model, each must come out of a fresh process that
 * knows nothing but the model's file and the adapter's, and undo must bring every logit back bit for bit.
 *
 * Every tenth correction is kept, so that later ones are learned on top of others and undone to what those left. A
 * place where the model already writes what is wanted is drawn again, since nothing would be taught there.
 */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createEngine, loadTokenizer, readTensors } from "@ouroboros/native";
import { type NamedTensor, nativeInspector } from "@ouroboros/native/inspect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locateDataHome, prepareDataHome } from "../../daemon/src/base/dataHome.js";
import { GREEDY } from "../../daemon/src/engine/greedy.js";
import { loadAnchors } from "../../daemon/src/learning/anchors.js";
import { LEARNING_DEFAULTS } from "../../daemon/src/learning/recipe.js";
import { completionLesson } from "../../daemon/src/lessons/correctionLesson.js";
import { completionPrompt } from "../../daemon/src/prompt/completionPrompt.js";
import { adapterFolder, tensorsPath } from "../../daemon/src/store/adapters.js";
import { projectOf } from "../../daemon/src/store/project.js";
import { openLearning } from "../../daemon/test/soleLearning.js";
import { type DrawnPlace, drawPlaces } from "./drawCorrections.js";

const SEED = 20261121;
const CORRECTIONS = 50;
const KEPT_EVERY = 10;
const TOKENS_MAX = 32;
const MATCHES_MIN = 0.95;

const require = createRequire(import.meta.url);
const modelFolder = join(dirname(require.resolve("@ouroboros/daemon/package.json")), "model");
const modelPath = join(modelFolder, "model.safetensors");
const nativeFolder = dirname(require.resolve("@ouroboros/native/package.json"));
const addon = join(nativeFolder, "build", "Release", "ouroboros.node");

const engine = createEngine();
const tokenizer = loadTokenizer(join(modelFolder, "vocab.txt"));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouroboros-drawn-"));
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

const NAME = `${CORRECTIONS} drawn corrections are learned in weights alone and undone exactly`;
test(NAME, { timeout: 900_000 }, async () => {
  const student = await openStudent();
  const outcomes: { readonly isRight: boolean; readonly what: string }[] = [];
  for (const place of drawPlaces(SEED)) {
    if (outcomes.length === CORRECTIONS) break;
    const wanted = tokenizer.encode(leadOf(place) + place.wanted);
    const rejected = await student.answer(place);
    if (wanted.length > TOKENS_MAX || sameTokens(rejected, wanted)) continue;

    const before = logitsUnder(student.currentFile(), wanted);
    const outcome = await student.teach(place, rejected);
    const file = student.currentFile();
    const fresh = await completeInFreshProcess({ place, adapter: file, tokensMax: wanted.length + 1 });
    const isRight = outcome === "learned" && fresh.stoppedBy === "token" && sameTokens(fresh.tokens, wanted);
    outcomes.push({ isRight, what: `${outcome}: ${place.path}: ${place.wanted}` });

    if (outcomes.length % KEPT_EVERY !== 0 && outcome === "learned") {
      expect(logitsUnder(file, wanted)).not.toEqual(before);
      await student.undo();
      expect(logitsUnder(student.currentFile(), wanted)).toEqual(before);
      expect(await student.answer(place)).toEqual(rejected);
    }
  }
  await student.close();
  const misses = outcomes.filter(({ isRight }) => !isRight).map(({ what }) => what);
  expect(1 - misses.length / CORRECTIONS, misses.join("\n")).toBeGreaterThanOrEqual(MATCHES_MIN);
});

/** The shipped model in a project of its own. */
async function openStudent() {
  const home = locateDataHome({ OURO_HOME: join(folder, "home") });
  await prepareDataHome(home);
  const model = await engine.loadModel({ path: modelPath });
  const project = await projectOf(folder);
  const learning = await openLearning({
    home,
    engine,
    model,
    tokenizer,
    project,
    modelPath,
    settings: LEARNING_DEFAULTS,
    anchors: await loadAnchors({ path: join(modelFolder, "anchors.json"), tokenizer }),
    clock: () => new Date(0),
  });
  const adapters = adapterFolder(home, { checkpoint: model.info.hash, project: project.id });
  return {
    currentFile() {
      const { version } = learning.currentAdapter();
      return version === 0 ? undefined : tensorsPath(adapters, version);
    },
    async answer(place: DrawnPlace) {
      const { tokens, boundary } = completionPrompt({ tokenizer, ...place });
      const { adapter } = learning.currentAdapter();
      const read = await model.read({ state: model.zeroState(), tokens: tokens.slice(0, boundary) });
      if (read.kind === "cancelled") throw new Error("nobody cancels here");
      const generation = await model.generate({
        state: read.state,
        tokens: tokens.slice(boundary),
        sampling: GREEDY,
        tokensMax: TOKENS_MAX,
        stopTokens: Uint32Array.of(endOf(place)),
        ...(adapter === undefined ? {} : { adapter }),
      });
      return generation.tokens;
    },
    async teach(place: DrawnPlace, rejected: Uint32Array) {
      const lead = leadOf(place);
      const written = tokenizer.decode(rejected);
      const lesson = completionLesson({
        tokenizer,
        prompt: completionPrompt({ tokenizer, ...place }),
        place,
        source: "teach",
        wanted: place.wanted,
        // Nothing holds the answer above to the lead; what began otherwise stood nowhere.
        rejected: written.startsWith(lead) ? written.slice(lead.length) : "",
        stop: "\n",
      });
      return (await learning.correct(lesson)).kind;
    },
    undo: () => learning.undo({}),
    close: () => learning.close(),
  };
}

/** What stands before the cursor and is written once more. */
function leadOf(place: DrawnPlace): string {
  return completionPrompt({ tokenizer, ...place }).healedPrefix;
}

/** The token that ends a completion at this place. */
function endOf(place: DrawnPlace): number {
  const { end } = completionPrompt({ tokenizer, ...place });
  if (end === undefined) throw new Error("every drawn place is a fill, which a token ends");
  return end;
}

/** All logits of the model with an adapter file laid over it, on some tokens. */
function logitsUnder(adapter: string | undefined, tokens: Uint32Array): Float32Array {
  const overrides: Record<string, NamedTensor> = {};
  for (const tensor of adapter === undefined ? [] : readTensors(adapter).tensors) {
    if (tensor.values instanceof Float32Array) {
      overrides[tensor.name] = { shape: tensor.shape, data: tensor.values };
    }
  }
  return nativeInspector().openInspect({ path: modelPath, overrides }).logits({ tokens, mode: "sequence" })
    .logits;
}

async function completeInFreshProcess(options: {
  readonly place: DrawnPlace;
  readonly adapter: string | undefined;
  readonly tokensMax: number;
}): Promise<{ readonly tokens: Uint32Array; readonly stoppedBy: string }> {
  const { tokens, boundary } = completionPrompt({ tokenizer, ...options.place });
  const request = {
    addon,
    model: modelPath,
    adapter: options.adapter,
    prompt: [...tokens],
    boundary,
    tokensMax: options.tokensMax,
    stopTokens: [endOf(options.place)],
  };
  const script = join(import.meta.dirname, "completeFromFile.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(request)]);
  const answer = JSON.parse(stdout) as { tokens: number[]; stoppedBy: string };
  return { tokens: Uint32Array.from(answer.tokens), stoppedBy: answer.stoppedBy };
}

function sameTokens(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((token, index) => token === b[index]);
}
