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
import type { ContextStage, PretrainingConfig } from "@ouroboros/configs";
import { AppError } from "../../../base/errors.js";
import { permutation, type Random, seededRandom } from "../../../base/random.js";
import type { Tokenizer } from "../../../engine/engine.js";
import { type ChatTemplate, chatTemplateOf } from "../../../prompt/chatTemplate.js";
import { SUFFIX_TOKENS_MAX } from "../../../prompt/completionPrompt.js";
import { controlsOf, END_OF_DOCUMENT } from "../../../prompt/controls.js";
import { concatenate, encodeText } from "../../../prompt/encodeText.js";
import {
  begunLineStart,
  editPrompt,
  fillPrompt,
  hintOf,
  type Vocabulary,
  withAnswer,
} from "../../../prompt/format.js";
import { fromLineStart } from "../../../prompt/prefixWindow.js";
import { drawChat } from "./chatSamples.js";
import { drawRenaming, hasIdentifier, rename, renameSome } from "./identifiers.js";
import { drawMiddle } from "./middleSpan.js";
import { type DocumentTokens, readTokenised, type TokenisedSplit } from "./tokenisedCorpus.js";

/** Shares of windows by kind; the rest stays plain text. */
export type SampleMix = PretrainingConfig["mix"];

export interface SampleStreamOptions {
  /** A folder that `tokeniseCorpus` filled. */
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  /** Of one step, whatever the context; a multiple of every stage's context, as these are of one another. */
  readonly tokensPerStep: number;
  readonly stages: readonly ContextStage[];
  readonly seed: number;
  readonly mix: SampleMix;
}

export interface SampleStream {
  /** Steps in which every token is visited about once. */
  readonly stepsPerEpoch: number;
  /**
   * The batch of step 0, 1, …, below the sum of the stages' steps: windows of the stage's context + 1 tokens, cut into
   * sequences where a document ends, since every document begins with the zero State.
   */
  batch(step: number): readonly Uint32Array[];
}

/** Below this much text a fill-in sample has nothing to go by. */
const SAMPLE_TOKENS_MIN = 32;
/** About as long as a request's prompt for a fill; a longer window holds several. */
const FILL_TOKENS = 320;

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
  /** Of the sequence of blocks, epoch after epoch. */
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

/** A stretch of one document, as tokens and as text. */
interface Stretch {
  /** Of the sequence to be made of it. */
  readonly length: number;
  readonly header: Uint32Array;
  readonly text: string;
  /** Whether its document begins with it. */
  readonly isStart: boolean;
  /** Where in the token file the stretch ends. */
  readonly end: number;
}

interface WindowMakerOptions {
  readonly corpus: TokenisedSplit;
  readonly vocabulary: Vocabulary;
  readonly mix: SampleMix;
}

interface Window {
  /** Where in the token file. */
  readonly start: number;
  readonly contextTokens: number;
  readonly random: Random;
}

/** Equal but for rounding, one after another. */
function pieces({ start, contextTokens, random }: Window, count: number): readonly Window[] {
  const at = (index: number) => Math.floor((index * contextTokens) / count);
  return Array.from({ length: count }, (_, index) => ({
    start: start + at(index),
    contextTokens: at(index + 1) - at(index),
    random,
  }));
}

/** Turns a place in the token file into sequences. */
class WindowMaker {
  readonly #corpus: TokenisedSplit;
  readonly #vocabulary: Vocabulary;
  readonly #chatTemplate: ChatTemplate;
  readonly #mix: SampleMix;

  constructor({ corpus, vocabulary, mix }: WindowMakerOptions) {
    this.#corpus = corpus;
    this.#vocabulary = vocabulary;
    this.#chatTemplate = chatTemplateOf(vocabulary.tokenizer);
    this.#mix = mix;
  }

  make(window: Window): readonly Uint32Array[] {
    const { fill } = this.#mix;
    const { contextTokens, random } = window;
    const draw = random.next();
    const isHeaded = random.next() < this.#mix.headers;
    const count = draw < fill ? Math.max(1, Math.round(contextTokens / FILL_TOKENS)) : 1;
    return pieces(window, count).map((piece) => this.#sample(piece, draw) ?? this.#plain(piece, isHeaded));
  }

  /** Undefined for plain text, and where the place is not fit for what was drawn. */
  #sample(window: Window, draw: number): Uint32Array | undefined {
    const { fill, edit, chat, renamed, split } = this.#mix;
    if (draw >= fill + edit + chat + renamed + split) return undefined;
    const stretch = this.#stretch(window);
    if (stretch === undefined) return undefined;
    const { random } = window;
    if (draw < fill) return this.#fill(stretch, random);
    if (draw < fill + edit) return this.#edit(stretch, random);
    if (draw < fill + edit + chat) return this.#chat(stretch, random);
    if (draw < fill + edit + chat + renamed) return this.#renamed(stretch, random);
    return this.#split(stretch, random);
  }

  #plain({ start, contextTokens }: Window, isHeaded: boolean): Uint32Array {
    const length = contextTokens + 1;
    const document = this.#documentAt(start);
    if (!isHeaded || document === undefined || start <= document.text) return this.#slice(start, length);
    const text = fromLineStart(this.#vocabulary.tokenizer, this.#slice(start, length));
    const from = start + length - text.length;
    // The cut may have crossed into the next document, which brings its own header.
    if (from >= document.end) return this.#slice(document.end, length);
    return this.#filled(concatenate([this.#header(document), text]), { from: start + length, length });
  }

  #fill(stretch: Stretch, random: Random): Uint32Array | undefined {
    const { header, text, length } = stretch;
    const { tokenizer } = this.#vocabulary;
    // What stands above a cursor is mostly as much as a prompt holds; only in a document's first lines it is less.
    const drawn = drawMiddle(text, { from: stretch.isStart ? 0 : text.length >> 1, random });
    if (drawn === undefined) return undefined;
    const suffixText = text.slice(drawn.end);
    // At the end of a document requests are plain continuations, and so are samples.
    if (suffixText.trim() === "") return undefined;
    const lineStart = begunLineStart(text.slice(0, drawn.start));
    const isAtToken = random.next() < this.#mix.fillAtTokens;
    const { begun, rest } = this.#cutLine(
      text.slice(lineStart, drawn.end),
      drawn.start - lineStart,
      isAtToken,
    );
    const hint = random.next() < this.#mix.hints ? hintOf(this.#vocabulary, suffixText) : undefined;
    const suffix = encodeText(tokenizer, suffixText).subarray(0, SUFFIX_TOKENS_MAX);
    const parts = { header, begun, suffix, hint };
    const bare = fillPrompt(this.#vocabulary, { ...parts, above: new Uint32Array() });
    const room = length - bare.length - rest.length - 1;
    if (room < SAMPLE_TOKENS_MIN / 2) return undefined;
    const lines = encodeText(tokenizer, text.slice(0, lineStart));
    const above = lines.length <= room ? lines : fromLineStart(tokenizer, lines.subarray(-room));
    const prompt = fillPrompt(this.#vocabulary, { ...parts, above });
    return this.#ended(withAnswer(this.#vocabulary, prompt, rest), stretch);
  }

  /**
   * What is begun of a line and the rest, as tokens. A request leaves a token that is still open to the answer, so its
   * cut lies between two tokens of the whole; a cut at any character is what a line typed by hand may look like.
   */
  #cutLine(line: string, at: number, isAtToken: boolean): { begun: Uint32Array; rest: Uint32Array } {
    const { tokenizer } = this.#vocabulary;
    if (!isAtToken) {
      return { begun: encodeText(tokenizer, line.slice(0, at)), rest: encodeText(tokenizer, line.slice(at)) };
    }
    const tokens = encodeText(tokenizer, line);
    const bytesBefore = Buffer.byteLength(line.slice(0, at));
    let [bytes, count] = [0, 0];
    for (const token of tokens) {
      bytes += tokenizer.bytesOf(token)?.length ?? 0;
      if (bytes > bytesBefore) break;
      count++;
    }
    return { begun: tokens.subarray(0, count), rest: tokens.subarray(count) };
  }

  /** One line of a text is still as it was before a renaming that the lines above it have seen. */
  #edit(stretch: Stretch, random: Random): Uint32Array | undefined {
    const { header, text, length } = stretch;
    const { tokenizer } = this.#vocabulary;
    const renaming = drawRenaming(text, random);
    if (renaming === undefined) return undefined;
    const lines = text.split("\n");
    const places = lines.flatMap((line, at) => (hasIdentifier(line, renaming.from) ? [at] : [])).slice(1);
    const at = places[random.below(places.length)];
    const old = lines[at ?? -1];
    if (at === undefined || old === undefined) return undefined;
    const answer = encodeText(tokenizer, rename(old, renaming));
    const changed = { header, old: encodeText(tokenizer, old) };
    const bare = editPrompt(this.#vocabulary, { ...changed, context: new Uint32Array() });
    const room = length - bare.length - answer.length - 1;
    if (room < SAMPLE_TOKENS_MIN / 2) return undefined;
    const above = encodeText(tokenizer, rename(lines.slice(0, at).join("\n"), renaming));
    const context = above.length <= room ? above : fromLineStart(tokenizer, above.subarray(-room));
    if (!hasIdentifier(tokenizer.decode(context), renaming.to)) return undefined;
    const prompt = editPrompt(this.#vocabulary, { ...changed, context });
    return this.#ended(withAnswer(this.#vocabulary, prompt, answer), stretch);
  }

  #chat(stretch: Stretch, random: Random): Uint32Array | undefined {
    const turns = drawChat(stretch.text, random);
    if (turns === undefined) return undefined;
    const sample = this.#chatTemplate.turns(turns);
    return sample.length > stretch.length ? undefined : this.#ended(sample, stretch);
  }

  /** Names that no other file has can only be copied from above. */
  #renamed(stretch: Stretch, random: Random): Uint32Array | undefined {
    const text = renameSome(stretch.text, random);
    if (text === undefined) return undefined;
    const tokens = encodeText(this.#vocabulary.tokenizer, text);
    return this.#ended(concatenate([stretch.header, tokens]), stretch);
  }

  /** Cut at some characters and tokenised piece by piece, as text that is typed and joined may be. */
  #split(stretch: Stretch, random: Random): Uint32Array | undefined {
    const { header, text } = stretch;
    const pieces: Uint32Array[] = [];
    for (let at = 0; at < text.length; ) {
      const end = splitPoint(text, at + 1 + random.below(2 * SPLIT_CHARACTERS_MEAN));
      pieces.push(encodeText(this.#vocabulary.tokenizer, text.slice(at, end)));
      at = end;
    }
    return this.#ended(concatenate([header, ...pieces]), stretch);
  }

  /** The text from `start` to the end of its document, or as much of it as a window and a suffix can use. */
  #stretch({ start, contextTokens }: Window): Stretch | undefined {
    const length = contextTokens + 1;
    const document = this.#documentAt(start);
    if (document === undefined) return undefined;
    const from = Math.max(start, document.text);
    const end = Math.min(document.end - 1, from + length + SUFFIX_TOKENS_MAX);
    if (end - from < SAMPLE_TOKENS_MIN) return undefined;
    const cut = this.#slice(from, end - from);
    const tokens = from === document.text ? cut : fromLineStart(this.#vocabulary.tokenizer, cut);
    const decoded = this.#vocabulary.tokenizer.decode(tokens);
    const text = end === document.end - 1 ? decoded : withoutPartOfLine(decoded);
    // Half a character at a cut decodes to U+FFFD, which must not be learnt.
    if (text.includes("\ufffd")) return undefined;
    return { length, header: this.#header(document), text, isStart: from === document.text, end };
  }

  #header({ start, text }: DocumentTokens): Uint32Array {
    return this.#slice(start, text - start);
  }

  /** A finished sample, the end-of-document token, then the documents after its own. */
  #ended(sample: Uint32Array, { end, length }: Stretch): Uint32Array {
    const from = this.#documentAt(end)?.end ?? end;
    return this.#filled(concatenate([sample, [END_OF_DOCUMENT]]), { from, length });
  }

  /** `tokens` cut or filled up to `length` with the tokens from `from` on, round the file's end. */
  #filled(tokens: Uint32Array, { from, length }: { from: number; length: number }): Uint32Array {
    if (tokens.length >= length) return tokens.slice(0, length);
    const rest = length - tokens.length;
    const at = from + rest <= this.#corpus.tokens.length ? from : 0;
    return concatenate([tokens, this.#slice(at, rest)]);
  }

  #slice(start: number, length: number): Uint32Array {
    return Uint32Array.from(this.#corpus.tokens.subarray(start, start + length));
  }

  /** The document that holds the token at `position` (binary search). */
  #documentAt(position: number): DocumentTokens | undefined {
    const { documents } = this.#corpus;
    let [low, high] = [0, documents.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((documents[middle]?.end ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return documents[low];
  }
}

/** Characters between two cuts of a split text, on the mean. */
const SPLIT_CHARACTERS_MEAN = 120;

/** Not within a surrogate pair. */
function splitPoint(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return Math.min(text.length, code >= 0xdc00 && code <= 0xdfff ? at + 1 : at);
}

/** Half a line at a cut would be taught as if it were whole. */
function withoutPartOfLine(text: string): string {
  const newline = text.lastIndexOf("\n");
  return newline > 0 ? text.slice(0, newline) : text;
}

/** `count` plain windows spread evenly over the held-out documents, for a validation loss that compares. */
export function validationWindows(options: {
  readonly split: TokenisedSplit;
  readonly contextTokens: number;
  readonly count: number;
}): Uint32Array[] {
  const { split, contextTokens, count } = options;
  const last = split.tokens.length - contextTokens - 1;
  if (last < 0) return [];
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * last) / Math.max(1, count - 1));
    return Uint32Array.from(split.tokens.subarray(start, start + contextTokens + 1));
  });
}
