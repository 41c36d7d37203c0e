/**
 * A lesson: one thing that is to be learned, from every door: an editor, a chat, sft.org, a command. It is a text that
 * the model reads, what it wrote after it where that is known, and what it should write. Here too is how long its parts
 * may be; `checkLesson.ts` holds every lesson to it before it is kept.
 */

/** Text with its tokens: the text is for people, the tokens are what is learned. */
export interface Passage {
  readonly text: string;
  readonly tokens: Uint32Array;
}

export interface Lesson {
  /** `[0-9a-z]{1,64}`, where the door names it; else it is given one when it is kept. */
  readonly id?: string;
  /** Of a lesson in a file: where its headline stands, from 1. */
  readonly line?: number;
  /** How it was said: `teach` in so many words, `edit` by changing what was accepted, `org` in sft.org. */
  readonly source: "teach" | "edit" | "org";
  /** `recall` (the default): the same prompt must give the wanted text. `read`: a text to become familiar with. */
  readonly aim?: "recall" | "read";
  /** Exactly what the model read before it wrote `rejected`. */
  readonly prompt: Passage;
  /**
   * Index into the prompt's tokens from which the adapter acts: before it the base alone reads. At most the last
   * token's index, since the adapter must read something before it can write.
   */
  readonly boundary: number;
  /** What the model wrote, without an ending; empty where it is not known. */
  readonly rejected: Passage;
  /** What it should have written, without an ending. */
  readonly wanted: Passage;
  /** The token that ends what is written, where the prompt's form has one; it is taught too. */
  readonly end?: number;
  /** The text that stands after the wanted one, where no token ends it. */
  readonly following?: Uint32Array;
  /**
   * How people are shown the wanted text, to its end, by which the lesson is proven: as a completion, with the text next
   * to its cursor, or as a chat's answer. Absent: they are not; then the tokens are the proof.
   */
  readonly shown?:
    | ({ readonly as: "completion"; readonly healedPrefix: string } & Surroundings)
    | { readonly as: "answer" };
}

/** Document text before and after a cursor. */
interface Surroundings {
  readonly prefix: string;
  readonly suffix: string;
}

/** Longer prompts are the door's to shorten: only it knows which part matters. */
export const PROMPT_TOKENS_MAX = 16_384;
/** A step costs time in proportion; a text that is only read is divided before. */
export const WANTED_TOKENS_MAX = 512;
/**
 * Of a text that is to come out word for word. Measured with the embedded model and drawn texts, on two busy cores: of
 * those up to 96 tokens 3 in 80 were not learned within a recipe's steps, of those up to 204 two in 20, and the one
 * beyond that was not; the longest took ten seconds.
 */
export const RECALL_TOKENS_MAX = 192;
/** More text than this after the wanted one constrains nothing that matters. */
export const FOLLOWING_TOKENS_MAX = 16;

export const NO_PASSAGE: Passage = { text: "", tokens: new Uint32Array() };

/** The part of the following text that is learned from; none where a token ends the wanted one. */
export function followingOf({ end, following }: Lesson): Uint32Array {
  return end === undefined && following ? following.subarray(0, FOLLOWING_TOKENS_MAX) : NO_PASSAGE.tokens;
}

/** Index of the first token in which two passages differ; the shorter length where one continues the other. */
export function firstDifference(rejected: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let at = 0;
  while (at < wanted.length && wanted[at] === rejected[at]) at++;
  return at;
}
