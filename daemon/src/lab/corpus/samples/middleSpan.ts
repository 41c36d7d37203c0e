/**
 * Chooses what is cut out of a text for a fill-in sample, as a person at a cursor would leave it open: the rest of a
 * line, some lines, a block, or any characters. Offsets are UTF-16 positions that split no character. Pure.
 */
import type { Random } from "../../../base/random.js";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Shares of the kinds, after Mellum and the fill-in-the-middle literature (arXiv:2207.14255). */
const REST_OF_LINE = 0.45;
const LINES = 0.25;
const BLOCK = 0.15;
const LINES_MAX = 4;
const CHARACTERS_MAX = 100;
const SPAN_CHARACTERS_MAX = 280;

interface MiddleOptions {
  /** The span begins in a line that begins here or later. */
  readonly from: number;
  readonly random: Random;
}

/** A span inside `text`, possibly empty at the end of a line. Undefined where no useful line is left. */
export function drawMiddle(text: string, { from, random }: MiddleOptions): Span | undefined {
  const lines = lineSpans(text);
  const worthwhile = lines.filter(({ start, end }) => start >= from && /\S{2}/.test(text.slice(start, end)));
  const line = worthwhile[random.below(worthwhile.length)];
  if (line === undefined) return undefined;
  const draw = random.next();
  const indent = /\S/.exec(text.slice(line.start, line.end))?.index ?? 0;
  const inLine = line.start + indent + random.below(line.end - line.start - indent);
  if (draw < REST_OF_LINE) return whole(text, { start: inLine, end: line.end });
  if (draw < REST_OF_LINE + LINES) {
    const last = lines[Math.min(lines.indexOf(line) + random.below(LINES_MAX), lines.length - 1)] ?? line;
    return whole(text, { start: line.start + indent, end: last.end });
  }
  if (draw < REST_OF_LINE + LINES + BLOCK)
    return whole(text, { start: line.end, end: blockEnd(text, lines, line) });
  return whole(text, { start: inLine, end: inLine + 1 + random.below(CHARACTERS_MAX) });
}

function lineSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    spans.push({ start, end });
    start = end + 1;
  }
  return spans;
}

/** Up to the last following line that is indented more deeply than `line`: its body. */
function blockEnd(text: string, lines: readonly Span[], line: Span): number {
  const depth = depthOf(text, line);
  let end = line.end;
  for (const next of lines.slice(lines.indexOf(line) + 1)) {
    const isBlank = text.slice(next.start, next.end).trim() === "";
    if (!isBlank && depthOf(text, next) <= depth) break;
    if (!isBlank) end = next.end;
  }
  return end;
}

function depthOf(text: string, { start, end }: Span): number {
  return /^[ \t]*/.exec(text.slice(start, end))?.[0].length ?? 0;
}

/** Bounds the span and moves its ends off the middle of surrogate pairs. */
function whole(text: string, { start, end }: Span): Span {
  const bounded = Math.min(end, text.length, start + SPAN_CHARACTERS_MAX);
  return { start: offPair(text, start), end: offPair(text, bounded) };
}

function offPair(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
