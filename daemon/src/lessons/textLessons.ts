/**
 * A text (TEXT, BOOK, no role) → lessons: every token of it is taught, piece by piece, each after what stands before
 * it. The first piece begins a document, the last one ends it.
 */

import type { Tokenizer } from "../engine/engine.js";
import { END_OF_DOCUMENT } from "../prompt/controls.js";
import { concatenate } from "../prompt/encodeText.js";
import { type FileLesson, fileLesson } from "./fileLesson.js";
import { FOLLOWING_TOKENS_MAX } from "./lesson.js";

/** A step costs time in proportion; three quarters of what one correction may have. */
export const PIECE_TOKENS_MAX = 384;
/** What the model reads before a piece: further back it has half forgotten. */
export const PIECE_PROMPT_TOKENS_MAX = 512;
/** A character of UTF-8 has at most so many bytes after its first. */
const CONTINUATION_BYTES_MAX = 3;

export function textLessons(options: {
  readonly tokenizer: Tokenizer;
  readonly roleMapName: string;
  readonly line: number;
  /** At least one. */
  readonly tokens: Uint32Array;
  /** False leaves the text open at its end. */
  readonly isOver: boolean;
}): readonly FileLesson[] {
  const { tokenizer, roleMapName, line, tokens, isOver } = options;
  const document = concatenate([[END_OF_DOCUMENT], tokens]);
  const lessons: FileLesson[] = [];
  for (let from = 1; from < document.length; ) {
    const to = pieceEnd({ tokenizer, document, from });
    const prompt = document.slice(Math.max(0, from - PIECE_PROMPT_TOKENS_MAX), from);
    const piece = document.slice(from, to);
    const wanted = { text: tokenizer.decode(piece), tokens: piece };
    const ending = endingOf({ document, to, isOver });
    lessons.push(fileLesson({ tokenizer, roleMapName, line, aim: "read", prompt, wanted, ...ending }));
    from = to;
  }
  return lessons;
}

function endingOf(place: {
  document: Uint32Array;
  to: number;
  isOver: boolean;
}): Pick<FileLesson, "end" | "following"> {
  const { document, to, isOver } = place;
  if (to < document.length) return { following: document.slice(to, to + FOLLOWING_TOKENS_MAX) };
  return isOver ? { end: END_OF_DOCUMENT } : {};
}

/** Not within a character, whose bytes may be tokens of their own: what people are shown would be torn. */
function pieceEnd(place: { tokenizer: Tokenizer; document: Uint32Array; from: number }): number {
  const { tokenizer, document, from } = place;
  const end = from + PIECE_TOKENS_MAX;
  if (end >= document.length) return document.length;
  const isContinuation = (index: number) =>
    ((tokenizer.bytesOf(document[index] ?? END_OF_DOCUMENT)?.[0] ?? 0) & 0xc0) === 0x80;
  let at = end;
  while (at > end - CONTINUATION_BYTES_MAX && isContinuation(at)) at--;
  return isContinuation(at) ? end : at;
}
