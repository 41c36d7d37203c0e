/**
 * Turns a window, a place in the token file, into sequences: plain text, or samples in one of the prompt formats, by
 * the window's own draw. Where a place is not fit for what was drawn, it stays plain text.
 */

import type { PretrainingConfig } from "@ouroboros/configs";
import type { Random } from "../../../base/random.js";
import { type ChatTemplate, chatTemplateOf } from "../../../prompt/chatTemplate.js";
import { END_OF_DOCUMENT } from "../../../prompt/controls.js";
import { concatenate, encodeText } from "../../../prompt/encodeText.js";
import type { Vocabulary } from "../../../prompt/format.js";
import { fromLineStart } from "../../../prompt/prefixWindow.js";
import { drawChat } from "./chatSamples.js";
import { editSample } from "./editSample.js";
import { fillSample } from "./fillSample.js";
import { renameSome } from "./identifiers.js";
import { type Stretch, TokenisedText } from "./stretch.js";
import type { TokenisedSplit } from "./tokenisedCorpus.js";

/** Shares of windows by kind; the rest stays plain text. */
export type SampleMix = PretrainingConfig["mix"];

/** About as long as a request's prompt for a fill; a longer window holds several. */
const FILL_TOKENS = 320;
/** Characters between two cuts of a split text, on the mean. */
const SPLIT_CHARACTERS_MEAN = 120;

interface WindowMakerOptions {
  readonly corpus: TokenisedSplit;
  readonly vocabulary: Vocabulary;
  readonly mix: SampleMix;
}

interface Window {
  /** The window's first token in the token file. */
  readonly start: number;
  readonly contextTokens: number;
  readonly random: Random;
}

export class WindowMaker {
  readonly #corpus: TokenisedText;
  readonly #vocabulary: Vocabulary;
  readonly #chatTemplate: ChatTemplate;
  readonly #mix: SampleMix;

  constructor({ corpus, vocabulary, mix }: WindowMakerOptions) {
    this.#corpus = new TokenisedText(corpus, vocabulary.tokenizer);
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

  #sample({ start, contextTokens, random }: Window, draw: number): Uint32Array | undefined {
    const { fill, edit, chat, renamed, split } = this.#mix;
    if (draw >= fill + edit + chat + renamed + split) return undefined;
    const stretch = this.#corpus.stretch(start, contextTokens + 1);
    const sample = stretch && this.#drawn(stretch, draw, random);
    return sample && this.#ended(sample, stretch);
  }

  #drawn(stretch: Stretch, draw: number, random: Random): Uint32Array | undefined {
    const { fill, edit, chat, renamed } = this.#mix;
    const vocabulary = this.#vocabulary;
    if (draw < fill) return fillSample(stretch, { vocabulary, shares: this.#mix, random });
    if (draw < fill + edit) return editSample(stretch, vocabulary, random);
    if (draw < fill + edit + chat) return chatSample(stretch, this.#chatTemplate, random);
    if (draw < fill + edit + chat + renamed) return renamedSample(stretch, vocabulary, random);
    return splitSample(stretch, vocabulary, random);
  }

  #plain({ start, contextTokens }: Window, isHeaded: boolean): Uint32Array {
    const length = contextTokens + 1;
    const corpus = this.#corpus;
    const document = corpus.documentAt(start);
    if (!isHeaded || document === undefined || start <= document.text) return corpus.slice(start, length);
    const text = fromLineStart(this.#vocabulary.tokenizer, corpus.slice(start, length));
    const from = start + length - text.length;
    // The cut may have crossed into the next document, which brings its own header.
    if (from >= document.end) return corpus.slice(document.end, length);
    return corpus.filled(concatenate([corpus.header(document), text]), { from: start + length, length });
  }

  /** A finished sample, the end-of-document token, then the documents after its own. */
  #ended(sample: Uint32Array, { end, length }: Stretch): Uint32Array {
    const from = this.#corpus.documentAt(end)?.end ?? end;
    return this.#corpus.filled(concatenate([sample, [END_OF_DOCUMENT]]), { from, length });
  }
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

function chatSample(stretch: Stretch, template: ChatTemplate, random: Random): Uint32Array | undefined {
  const turns = drawChat(stretch.text, random);
  if (turns === undefined) return undefined;
  const sample = template.turns(turns);
  return sample.length > stretch.length ? undefined : sample;
}

/** Names that no other file has can only be copied from above. */
function renamedSample(stretch: Stretch, { tokenizer }: Vocabulary, random: Random): Uint32Array | undefined {
  const text = renameSome(stretch.text, random);
  return text === undefined ? undefined : concatenate([stretch.header, encodeText(tokenizer, text)]);
}

/** Cut at some characters and tokenised piece by piece, as text that is typed and joined may be. */
function splitSample({ header, text }: Stretch, { tokenizer }: Vocabulary, random: Random): Uint32Array {
  const pieces: Uint32Array[] = [];
  for (let at = 0; at < text.length; ) {
    const end = splitPoint(text, at + 1 + random.below(2 * SPLIT_CHARACTERS_MEAN));
    pieces.push(encodeText(tokenizer, text.slice(at, end)));
    at = end;
  }
  return concatenate([header, ...pieces]);
}

/** Not within a surrogate pair. */
function splitPoint(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return Math.min(text.length, code >= 0xdc00 && code <= 0xdfff ? at + 1 : at);
}
