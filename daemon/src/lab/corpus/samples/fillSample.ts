/** Samples that fill a gap, in the form of a request for a completion with text below the cursor. */

import type { PretrainingConfig } from "@ouroboros/configs";
import type { Random } from "../../../base/random.js";
import type { Tokenizer } from "../../../engine/engine.js";
import { SUFFIX_TOKENS_MAX } from "../../../prompt/completionPrompt.js";
import { encodeText } from "../../../prompt/encodeText.js";
import { begunLineStart, fillPrompt, hintOf, type Vocabulary, withAnswer } from "../../../prompt/format.js";
import { fromLineStart } from "../../../prompt/prefixWindow.js";
import { drawMiddle } from "./middleSpan.js";
import { SAMPLE_TOKENS_MIN, type Stretch } from "./stretch.js";

interface FillOptions {
  readonly vocabulary: Vocabulary;
  readonly shares: Pick<PretrainingConfig["mix"], "fillAtTokens" | "hints">;
  readonly random: Random;
}

/** Undefined where the text has no gap that a request would ask for. */
export function fillSample(
  { header, text, length, isStart }: Stretch,
  { vocabulary, shares, random }: FillOptions,
): Uint32Array | undefined {
  const { tokenizer } = vocabulary;
  // What stands above a cursor is mostly as much as a prompt holds; only in a document's first lines it is less.
  const drawn = drawMiddle(text, { from: isStart ? 0 : text.length >> 1, random });
  if (drawn === undefined) return undefined;
  const suffixText = text.slice(drawn.end);
  // At the end of a document requests are plain continuations, and so are samples.
  if (suffixText.trim() === "") return undefined;
  const lineStart = begunLineStart(text.slice(0, drawn.start));
  const cutLine = random.next() < shares.fillAtTokens ? cutAtToken : cutAtCharacter;
  const { begun, rest } = cutLine(tokenizer, text.slice(lineStart, drawn.end), drawn.start - lineStart);
  const hint = random.next() < shares.hints ? hintOf(vocabulary, suffixText) : undefined;
  const suffix = encodeText(tokenizer, suffixText).subarray(0, SUFFIX_TOKENS_MAX);
  const parts = { header, begun, suffix, hint };
  const bare = fillPrompt(vocabulary, { ...parts, above: new Uint32Array() });
  const room = length - bare.length - rest.length - 1;
  if (room < SAMPLE_TOKENS_MIN / 2) return undefined;
  const lines = encodeText(tokenizer, text.slice(0, lineStart));
  const above = lines.length <= room ? lines : fromLineStart(tokenizer, lines.subarray(-room));
  return withAnswer(vocabulary, fillPrompt(vocabulary, { ...parts, above }), rest);
}

/** A line as tokens: the part that is begun, and its rest. */
interface CutLine {
  readonly begun: Uint32Array;
  readonly rest: Uint32Array;
}

/** A cut at any character is what a line typed by hand may look like. */
function cutAtCharacter(tokenizer: Tokenizer, line: string, at: number): CutLine {
  return { begun: encodeText(tokenizer, line.slice(0, at)), rest: encodeText(tokenizer, line.slice(at)) };
}

/** A request leaves a token that is still open to the answer, so its cut lies between two tokens of the whole. */
function cutAtToken(tokenizer: Tokenizer, line: string, at: number): CutLine {
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
