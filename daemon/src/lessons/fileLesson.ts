/**
 * A lesson of a file that teaches, under a name that says what is taught and not where it stands: the same lesson moved
 * in its file, or in another file, keeps its id; a changed one is another.
 */

import { createHash } from "node:crypto";
import type { Tokenizer } from "../engine/engine.js";
import { type Lesson, NO_PASSAGE, type Passage } from "./lesson.js";

export type FileLesson = Lesson & Required<Pick<Lesson, "id" | "line" | "aim">>;

/** 96 bits: no two lessons of anyone's will ever share them. */
const ID_DIGITS = 24;

export function fileLesson(
  parts: {
    readonly tokenizer: Tokenizer;
    readonly roleMapName: string;
    /** At least one. */
    readonly prompt: Uint32Array;
    readonly wanted: Passage;
  } & Pick<FileLesson, "line" | "aim" | "end" | "following" | "shown">,
): FileLesson {
  const { tokenizer, roleMapName, prompt, wanted, ...rest } = parts;
  // The adapter acts on all that is written and on nothing before it, as in every request.
  const boundary = prompt.length - 1;
  const taught = JSON.stringify([roleMapName, [...prompt], boundary, [...wanted.tokens], rest.end ?? null]);
  return {
    ...rest,
    id: `s${createHash("sha256").update(taught).digest("hex").slice(0, ID_DIGITS)}`,
    source: "org",
    prompt: { text: tokenizer.decode(prompt), tokens: prompt },
    boundary,
    // A file says what is right, not what a model wrote.
    rejected: NO_PASSAGE,
    wanted,
  };
}
