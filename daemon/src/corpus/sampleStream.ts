/**
 * The stream of pretraining batches. A batch is a pure function of (corpus, vocabulary, options, step): there is no
 * position to save, and a resumed run reads on exactly where it stopped.
 *
 * Each epoch cuts the token file into windows at a new offset and visits them in a new order. A window is used as it
 * stands or turned, by its own draw, into a sample in one of the prompt formats; whatever room a sample leaves is
 * filled with the documents that follow. Every sequence therefore has `contextTokens + 1` tokens, and a loss at all.
 */
import { ROLE_MAPS } from "@ouroboros/configs";
import type { Tokenizer } from "@ouroboros/native";
import { AppError } from "../errors.js";
import { controlsOf, END_OF_DOCUMENT } from "../prompt/controls.js";
import { concatenate, encodeText } from "../prompt/encodeText.js";
import { chatTurns, editPrompt, fillPrompt, type Vocabulary, withAnswer } from "../prompt/format.js";
import { fromLineStart } from "../prompt/prefixWindow.js";
import { SUFFIX_TOKENS_MAX } from "../prompt/request.js";
import { drawChat } from "./chatSamples.js";
import { drawRenaming, hasIdentifier, rename } from "./identifiers.js";
import { drawMiddle } from "./middleSpan.js";
import { permutation, type Random, seededRandom } from "./random.js";
import { type DocumentTokens, readTokenised, type TokenisedSplit } from "./tokenisedCorpus.js";

/** Shares of windows by kind; the rest stays plain text. */
export interface SampleMix {
  readonly fill: number;
  readonly edit: number;
  readonly chat: number;
  /** Plain text with one identifier renamed throughout. */
  readonly renamed: number;
  /** Of plain windows that begin inside a document: those that get its header, as a cut prompt does. */
  readonly headers: number;
}

/** Less fill-in than the literature's half, since the budget of the embedded model is a few epochs at most. */
export const SAMPLE_MIX: SampleMix = { fill: 0.3, edit: 0.03, chat: 0.02, renamed: 0.05, headers: 0.5 };

export interface SampleStreamOptions {
  /** A folder that `tokeniseCorpus` filled. */
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly contextTokens: number;
  readonly sequencesPerStep: number;
  readonly seed: number;
  readonly mix?: SampleMix;
}

export interface SampleStream {
  /** Steps in which every window is visited once. */
  readonly stepsPerEpoch: number;
  /** The batch of step 0, 1, …: `sequencesPerStep` sequences of `contextTokens + 1` tokens. */
  batch(step: number): { readonly tokens: Uint32Array[] };
}

/** Below this much text a fill-in sample has nothing to go by. */
const SAMPLE_TOKENS_MIN = 32;
const CONTEXT_TOKENS_MIN = 96;

export async function openSampleStream(options: SampleStreamOptions): Promise<SampleStream> {
  const { tokenizer, contextTokens, sequencesPerStep, seed } = options;
  if (contextTokens < CONTEXT_TOKENS_MIN)
    throw new AppError(
      "input-invalid",
      `training windows need at least ${CONTEXT_TOKENS_MIN} tokens, not ${contextTokens}`,
    );
  const controls = controlsOf(tokenizer);
  if (controls === undefined)
    throw new AppError(
      "input-invalid",
      "the vocabulary has no control tokens; make one with `ouro vocab train`",
    );
  const corpus = await readTokenised({ folder: options.folder, split: "train", tokenizer });
  // One window is given up to the offset that moves with every epoch, one to what follows a window.
  const windows = Math.floor(corpus.tokens.length / contextTokens) - 2;
  if (windows < 1)
    throw new AppError(
      "input-invalid",
      `the corpus has fewer than ${3 * contextTokens} tokens; add packages to its recipe`,
    );
  const maker = new WindowMaker({
    corpus,
    vocabulary: { tokenizer, controls },
    contextTokens,
    mix: options.mix ?? SAMPLE_MIX,
  });

  let order: { epoch: number; windows: Uint32Array } = { epoch: -1, windows: new Uint32Array() };
  const windowAt = (index: number) => {
    const epoch = Math.floor(index / windows);
    if (order.epoch !== epoch) order = { epoch, windows: permutation(windows, seededRandom(seed, epoch)) };
    const window = order.windows[index % windows] ?? 0;
    const offset = seededRandom(seed, epoch, windows).below(contextTokens);
    return maker.make(window * contextTokens + offset, seededRandom(seed, epoch, window, contextTokens));
  };
  return {
    stepsPerEpoch: Math.ceil(windows / sequencesPerStep),
    batch: (step) => ({
      tokens: Array.from({ length: sequencesPerStep }, (_, row) => windowAt(step * sequencesPerStep + row)),
    }),
  };
}

/** A stretch of one document, as tokens and as text. */
interface Stretch {
  readonly document: DocumentTokens;
  readonly header: Uint32Array;
  readonly text: string;
  /** Where in the token file the stretch ends. */
  readonly end: number;
}

interface WindowMakerOptions {
  readonly corpus: TokenisedSplit;
  readonly vocabulary: Vocabulary;
  readonly contextTokens: number;
  readonly mix: SampleMix;
}

/** Turns a place in the token file into one sequence. Holds nothing that changes. */
class WindowMaker {
  readonly #corpus: TokenisedSplit;
  readonly #vocabulary: Vocabulary;
  readonly #length: number;
  readonly #mix: SampleMix;

  constructor({ corpus, vocabulary, contextTokens, mix }: WindowMakerOptions) {
    this.#corpus = corpus;
    this.#vocabulary = vocabulary;
    this.#length = contextTokens + 1;
    this.#mix = mix;
  }

  make(start: number, random: Random): Uint32Array {
    const { fill, edit, chat, renamed } = this.#mix;
    const draw = random.next();
    const isHeaded = random.next() < this.#mix.headers;
    const made = draw < fill + edit + chat + renamed ? this.#sample(start, draw, random) : undefined;
    return made ?? this.#plain(start, isHeaded);
  }

  #sample(start: number, draw: number, random: Random): Uint32Array | undefined {
    const stretch = this.#stretch(start);
    if (stretch === undefined) return undefined;
    const { fill, edit, chat } = this.#mix;
    if (draw < fill) return this.#fill(stretch, random);
    if (draw < fill + edit) return this.#edit(stretch, random);
    if (draw < fill + edit + chat) return this.#chat(stretch, random);
    return this.#renamed(stretch, random);
  }

  #plain(start: number, isHeaded: boolean): Uint32Array {
    const document = this.#documentAt(start);
    if (!isHeaded || document === undefined || start <= document.text)
      return this.#slice(start, this.#length);
    const text = fromLineStart(this.#vocabulary.tokenizer, this.#slice(start, this.#length));
    const from = start + this.#length - text.length;
    // The cut may have crossed into the next document, which brings its own header.
    if (from >= document.end) return this.#slice(document.end, this.#length);
    return this.#filled(concatenate([this.#header(document), text]), start + this.#length);
  }

  #fill({ header, text, end }: Stretch, random: Random): Uint32Array | undefined {
    const { tokenizer } = this.#vocabulary;
    const span = drawMiddle(text, random);
    if (span === undefined) return undefined;
    const suffixText = text.slice(span.end);
    // At the end of a document requests are plain continuations, and so are samples.
    if (suffixText.trim() === "") return undefined;
    const middle = encodeText(tokenizer, text.slice(span.start, span.end));
    const suffix = encodeText(tokenizer, suffixText).subarray(0, SUFFIX_TOKENS_MAX);
    const whole = encodeText(tokenizer, text.slice(0, span.start));
    const parts = { header, suffix, suffixText };
    const bare = fillPrompt(this.#vocabulary, { ...parts, prefix: new Uint32Array() });
    const room = this.#length - bare.length - middle.length - 1;
    if (room < SAMPLE_TOKENS_MIN / 2) return undefined;
    const prefix = whole.length <= room ? whole : fromLineStart(tokenizer, whole.subarray(-room));
    const prompt = fillPrompt(this.#vocabulary, { ...parts, prefix });
    return this.#ended(withAnswer(this.#vocabulary, prompt, middle), end);
  }

  /** One line of a text is still as it was before a renaming that the lines above it have seen. */
  #edit({ header, text, end }: Stretch, random: Random): Uint32Array | undefined {
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
    const room = this.#length - bare.length - answer.length - 1;
    if (room < SAMPLE_TOKENS_MIN / 2) return undefined;
    const above = encodeText(tokenizer, rename(lines.slice(0, at).join("\n"), renaming));
    const context = above.length <= room ? above : fromLineStart(tokenizer, above.subarray(-room));
    if (!hasIdentifier(tokenizer.decode(context), renaming.to)) return undefined;
    const prompt = editPrompt(this.#vocabulary, { ...changed, context });
    return this.#ended(withAnswer(this.#vocabulary, prompt, answer), end);
  }

  #chat({ text, end }: Stretch, random: Random): Uint32Array | undefined {
    const turns = drawChat(text, random);
    if (turns === undefined) return undefined;
    return this.#ended(chatTurns(this.#vocabulary, ROLE_MAPS.embedded, turns), end);
  }

  #renamed({ header, text, end }: Stretch, random: Random): Uint32Array | undefined {
    const renaming = drawRenaming(text, random);
    if (renaming === undefined) return undefined;
    const tokens = encodeText(this.#vocabulary.tokenizer, rename(text, renaming));
    return this.#ended(concatenate([header, tokens]), end);
  }

  /** The text from `start` to the end of its document, or as much of it as a window and a suffix can use. */
  #stretch(start: number): Stretch | undefined {
    const document = this.#documentAt(start);
    if (document === undefined) return undefined;
    const from = Math.max(start, document.text);
    const end = Math.min(document.end - 1, from + this.#length + SUFFIX_TOKENS_MAX);
    if (end - from < SAMPLE_TOKENS_MIN) return undefined;
    const cut = this.#slice(from, end - from);
    const tokens = from === document.text ? cut : fromLineStart(this.#vocabulary.tokenizer, cut);
    const decoded = this.#vocabulary.tokenizer.decode(tokens);
    const text = end === document.end - 1 ? decoded : withoutPartOfLine(decoded);
    // Half a character at a cut decodes to U+FFFD, which must not be learnt.
    if (text.includes("\ufffd")) return undefined;
    return { document, header: this.#header(document), text, end };
  }

  #header({ start, text }: DocumentTokens): Uint32Array {
    return this.#slice(start, text - start);
  }

  /** A finished sample, the end-of-document token, then the documents after `from`. */
  #ended(sample: Uint32Array, from: number): Uint32Array {
    const next = this.#documentAt(from)?.end ?? from;
    return this.#filled(concatenate([sample, [END_OF_DOCUMENT]]), next);
  }

  /** `tokens` cut or filled up to the length of a window with the tokens from `from` on, round the file's end. */
  #filled(tokens: Uint32Array, from: number): Uint32Array {
    if (tokens.length >= this.#length) return tokens.slice(0, this.#length);
    const rest = this.#length - tokens.length;
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
