/**
 * Where a completion of code ends, decided while it is written, so that nothing is computed that nobody will see.
 * Pure: the same text so far, the same decision.
 *
 * The first line always counts. A small model guesses well for a line and badly for a block, and a wrong block costs a
 * reader more than a missing one; yet a block that was taught must come out whole. So further lines count as long as
 * the model is sure of every token of them, and only whole ones do; and none further out than the cursor's, for what
 * closes the block around it is no part of what was asked for, however sure of it a model is.
 */

import { SURE_LOG_PROBABILITY } from "./confidence.js";
import { filledLinesBelow, indentationOf, isBlank, isClosers, lastLine, restOfLine } from "./lines.js";

/** Nobody reads more of a completion before deciding. */
export const LINES_MAX = 20;

export type StopReason =
  /** The first thing written was a line end: there is nothing to add here. */
  | "nothing"
  | "unsure"
  | "dedent"
  /** The next line stands below the cursor already. */
  | "suffix"
  | "repeated"
  | "lines";

interface Stop {
  readonly reason: StopReason;
  /** How much of the text counts. */
  readonly length: number;
}

export interface StopPlace {
  readonly prefix: string;
  readonly suffix: string;
  /** A fill may begin with a line end; a continuation that does says that nothing is to be continued. */
  readonly isFill: boolean;
}

/** Whether something stands right of the cursor that more than one line would push away. */
export function isMidLine(suffix: string): boolean {
  return !isClosers(restOfLine(suffix));
}

interface Written {
  readonly text: string;
  readonly place: StopPlace;
}

/** Looks at what the newest token has added to the text; undefined: go on. */
export function stopAfter(
  written: Written & {
    /** `from`: length of the text before it. */
    readonly token: { readonly from: number; readonly logProbability: number };
  },
): Stop | undefined {
  const { text, token, place } = written;
  const firstEnd = text.indexOf("\n");
  if (firstEnd < 0) return undefined;
  if (!place.isFill && isBlank(text.slice(0, firstEnd))) return { reason: "nothing", length: 0 };
  const stop = stopAtLine(written);
  if (stop || token.logProbability >= SURE_LOG_PROBABILITY) return stop;
  return { reason: "unsure", length: Math.max(firstEnd, text.lastIndexOf("\n", token.from)) };
}

/** How much of the text counts when the model has ended by itself, or may write no more: then only whole lines do. */
export function lengthAtEnd(written: Written & { readonly isEnded: boolean }): number {
  const { text, isEnded } = written;
  if (!text.includes("\n")) return text.length;
  if (!isEnded) return text.lastIndexOf("\n");
  return stopAtLine({ ...written, text: `${text}\n` })?.length ?? text.length;
}

/** The first line after the first that should not be there. */
function stopAtLine({ text, place }: Written): Stop | undefined {
  const lines = text.split("\n").map((line, at) => (at === 0 ? lastLine(place.prefix) + line : line));
  let length = text.indexOf("\n");
  for (const [at, line] of lines.entries()) {
    if (at === 0) continue;
    const isWhole = at < lines.length - 1;
    const above = lines.slice(0, at);
    const reason = at >= LINES_MAX ? "lines" : faultOf({ line, isWhole, above, place });
    if (reason !== undefined) return { reason, length };
    length += 1 + line.length;
  }
  return undefined;
}

function faultOf(options: {
  readonly line: string;
  readonly isWhole: boolean;
  readonly above: readonly string[];
  readonly place: StopPlace;
}): StopReason | undefined {
  const { line, isWhole, above, place } = options;
  if (isBlank(line)) return undefined;
  if (indentationOf(line).length < indentationOf(lastLine(place.prefix)).length) return "dedent";
  if (!isWhole) return undefined;
  if (line.trimEnd() === filledLinesBelow(place.suffix, 1)[0]?.trimEnd()) return "suffix";
  // A lone bracket may well stand under another one.
  return /\w/.test(line) && above.includes(line) ? "repeated" : undefined;
}
