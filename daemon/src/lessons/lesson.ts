/**
 * A lesson: one thing that learning is to be taught from a corpus, as a `Teaching` without its source, with a name
 * that says what is taught and not where it stands: the same lesson moved in its file, or in another file, keeps its
 * id; a changed one is another.
 */

import { createHash } from "node:crypto";
import type { Tokenizer } from "../engine/engine.js";

export interface Lesson extends LessonEnding {
  /** `[0-9a-z]{1,64}`. */
  readonly id: string;
  /** Where in the file its headline stands, from 1. */
  readonly line: number;
  readonly prompt: LessonText;
  readonly boundary: number;
  /** Always empty: a corpus says what is right, not what a model wrote. */
  readonly rejected: LessonText;
  readonly wanted: LessonText;
  /** `recall`: an answer to give. `read`: a text to become familiar with. */
  readonly aim: "recall" | "read";
}

/** At most one of them: the token that ends what is taught, or what stands after it. */
export interface LessonEnding {
  readonly end?: number;
  readonly following?: Uint32Array;
}

/** Tokens, and for people the text they stand for. */
export interface LessonText {
  readonly text: string;
  readonly tokens: Uint32Array;
}

/** 96 bits: no two lessons of anyone's will ever share them. */
const ID_DIGITS = 24;

interface LessonParts extends LessonEnding, Pick<Lesson, "line" | "aim"> {
  readonly tokenizer: Tokenizer;
  readonly roleMapName: string;
  /** At least one. */
  readonly prompt: Uint32Array;
  readonly wanted: LessonText;
}

export function toLesson({ tokenizer, roleMapName, prompt, wanted, ...rest }: LessonParts): Lesson {
  // The adapter acts on all that is written and on nothing before it, as in every request.
  const boundary = prompt.length - 1;
  const taught = JSON.stringify([roleMapName, [...prompt], boundary, [...wanted.tokens], rest.end ?? null]);
  return {
    ...rest,
    id: `s${createHash("sha256").update(taught).digest("hex").slice(0, ID_DIGITS)}`,
    prompt: { text: tokenizer.decode(prompt), tokens: prompt },
    boundary,
    rejected: { text: "", tokens: new Uint32Array() },
    wanted,
  };
}
