/**
 * The stream of pretraining batches. A batch is a pure function of (corpus, vocabulary, options, step): there is no
 * position to save, and a resumed run reads on exactly where it stopped.
 *
 * The token file is cut into blocks as long as the longest context; each epoch cuts at a new offset and visits the blocks
 * in a new order. A stage of the curriculum takes the next blocks of that order, cuts them into windows of its context
 * and visits these in an order of its own, so nothing is read twice before everything was read once, and one step's
 * windows come from many places. A window is used as it stands or turned, by its own draw, into samples in one of the
 * prompt formats: fills, which requests keep short, in pieces of their length, others as long as the window. Whatever
 * room a sample leaves is filled with the documents that follow. A window therefore predicts `contextTokens` tokens;
 * where a document or a piece ends within it, a new sequence begins.
 */
import type { ContextStage } from "@ouroboros/configs";
import { AppError } from "../../../base/errors.js";
import { permutation, seededRandom } from "../../../base/random.js";
import type { Tokenizer } from "../../../engine/engine.js";
import { controlsOf, END_OF_DOCUMENT } from "../../../prompt/controls.js";
import { readTokenised } from "./tokenisedCorpus.js";
import { type SampleMix, WindowMaker } from "./windowMaker.js";

interface SampleStreamOptions {
  /** A folder that `tokeniseCorpus` filled. */
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  /** Tokens of one step, whatever the context; a multiple of every stage's context, as these are of one another. */
  readonly tokensPerStep: number;
  readonly stages: readonly ContextStage[];
  readonly seed: number;
  readonly mix: SampleMix;
}

interface SampleStream {
  /** Steps in which every token is visited about once. */
  readonly stepsPerEpoch: number;
  /**
   * The batch of step 0, 1, …, below the sum of the stages' steps: windows of the stage's context + 1 tokens, cut into
   * sequences where a document ends, since every document begins with the zero State.
   */
  batch(step: number): readonly Uint32Array[];
}

export async function openSampleStream(options: SampleStreamOptions): Promise<SampleStream> {
  const { tokenizer, tokensPerStep, stages, seed, mix } = options;
  const controls = controlsOf(tokenizer);
  if (controls === undefined)
    throw new AppError(
      "input-invalid",
      "the vocabulary has no control tokens; make one with `ouro vocab train`",
    );
  const corpus = await readTokenised({ folder: options.folder, split: "train", tokenizer });
  const blockTokens = Math.max(...stages.map(({ contextTokens }) => contextTokens));
  // One block is given up to the offset that moves with every epoch, one to what follows a window.
  const blocks = Math.floor(corpus.tokens.length / blockTokens) - 2;
  if (blocks < 1)
    throw new AppError(
      "input-invalid",
      `the corpus has fewer than ${3 * blockTokens} tokens; add packages to its recipe`,
    );
  const maker = new WindowMaker({ corpus, vocabulary: { tokenizer, controls }, mix });

  const orders = new Orders();
  const blockStart = (index: number) => {
    const epoch = Math.floor(index / blocks);
    const order = orders.of(blocks, seed, epoch);
    return (order[index % blocks] ?? 0) * blockTokens + seededRandom(seed, epoch, blocks).below(blockTokens);
  };
  const placed = placeStages({ stages, tokensPerStep, blockTokens });
  return {
    stepsPerEpoch: Math.ceil((blocks * blockTokens) / tokensPerStep),
    batch(step) {
      const stage = placed.findLast(({ firstStep }) => firstStep <= step) ?? placed[0];
      if (stage === undefined) return [];
      const { contextTokens, firstStep, firstBlock, windows } = stage;
      const perBlock = blockTokens / contextTokens;
      const perStep = tokensPerStep / contextTokens;
      const order = orders.of(windows, seed, firstStep, contextTokens);
      const windowsOfStep = Array.from({ length: perStep }, (_, row) => {
        const window = order[(step - firstStep) * perStep + row] ?? 0;
        const start =
          blockStart(firstBlock + Math.floor(window / perBlock)) + (window % perBlock) * contextTokens;
        return maker.make({ start, contextTokens, random: seededRandom(seed, step, row, contextTokens) });
      });
      return windowsOfStep.flat().flatMap(atDocuments);
    },
  };
}

/** The sequences of a window. Each ends with its end-of-document token, but for the last. */
function atDocuments(window: Uint32Array): Uint32Array[] {
  const sequences: Uint32Array[] = [];
  for (let start = 0; start < window.length; ) {
    const found = window.indexOf(END_OF_DOCUMENT, start);
    const end = found === -1 ? window.length : found + 1;
    // One token alone has nothing to predict.
    if (end - start > 1) sequences.push(window.subarray(start, end));
    start = end;
  }
  return sequences;
}

interface PlacedStage extends ContextStage {
  readonly firstStep: number;
  /** The first block in the sequence of blocks, epoch after epoch. */
  readonly firstBlock: number;
  readonly windows: number;
}

function placeStages(options: {
  readonly stages: readonly ContextStage[];
  readonly tokensPerStep: number;
  readonly blockTokens: number;
}): readonly PlacedStage[] {
  const { stages, tokensPerStep, blockTokens } = options;
  let [firstStep, firstBlock] = [0, 0];
  return stages.map((stage) => {
    const windows = (stage.steps * tokensPerStep) / stage.contextTokens;
    const placed = { ...stage, firstStep, firstBlock, windows };
    firstStep += stage.steps;
    firstBlock += Math.ceil((stage.steps * tokensPerStep) / blockTokens);
    return placed;
  });
}

/** Permutations by their key, the last ones at hand: a run uses two at a time. */
class Orders {
  readonly #known = new Map<string, Uint32Array>();

  of(length: number, ...key: readonly number[]): Uint32Array {
    const name = [length, ...key].join(" ");
    const found = this.#known.get(name);
    if (found !== undefined) return found;
    const made = permutation(length, seededRandom(length, ...key));
    const oldest = this.#known.keys().next().value;
    if (this.#known.size >= ORDERS_MAX && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(name, made);
    return made;
  }
}
const ORDERS_MAX = 4;
