/**
 * Org text → samples, by the grammar of org-data/FORMAT.md. Pure, and never written back.
 *
 * The reference is the Python library orgparse, against which the tests hold this reader on drawn files. Where that
 * one loses what people wrote (a CLOCK line anywhere, everything after an unfinished drawer, a colon word at a
 * title's end, link targets), this one follows Org or keeps the text.
 */

import { AppError } from "../../base/errors.js";
import { type Headline, isHeadline, readHeadline } from "./headline.js";
import { type NodeBody, readNodeBody } from "./nodeBody.js";
import { readPreamble } from "./preamble.js";

/** Several books: more is no file that people edit by hand, and all of it is read again at every save. */
export const ORG_BYTES_MAX = 4 * 1024 * 1024;
/** Far more than one adapter can hold corrections. */
export const SAMPLES_MAX = 10_000;
/** Every answer is taught with all turns before it, so work grows with the square of this. */
export const NODES_PER_SAMPLE_MAX = 256;
/** Nobody nests so deep; a line of stars that only looks like a headline does. */
export const LEVEL_MAX = 64;

export interface OrgFile {
  /** Names the file in messages. */
  readonly path: string;
  /** Absent where the file names none: then it is for whatever model is in use. */
  readonly roleMapName: string | undefined;
  readonly samples: readonly OrgSample[];
}

/** A headline with all headlines below it, in the order of the file; how deep they lie has no meaning. */
export type OrgSample = readonly [OrgNode, ...OrgNode[]];

export interface OrgNode extends Headline, NodeBody {
  /** Where its headline stands, from 1. */
  readonly line: number;
  /** The tags of the headlines it lies below. Only its own, `tags`, are about itself. */
  readonly inheritedTags: readonly string[];
  /** It or a headline that it lies below carries a done word. */
  readonly isSkipped: boolean;
  /** Title and body as one message. */
  readonly text: string;
}

/** Throws AppError `input-too-large`. */
export function parseOrg({ text, path }: { readonly text: string; readonly path: string }): OrgFile {
  if (Buffer.byteLength(text) > ORG_BYTES_MAX) throw orgTooLarge(path);
  const lines = linesOf(text);
  const starts = [...lines.keys()].filter((index) => isHeadline(lines[index] ?? ""));
  const { words, roleMapName } = readPreamble(lines.slice(0, starts[0]));
  const samples: [OrgNode, ...OrgNode[]][] = [];
  // The headlines that the current one lies below, outermost first.
  let above: OrgNode[] = [];
  for (const [nth, start] of starts.entries()) {
    const headline = readHeadline(lines[start] ?? "", words);
    above = above.filter(({ level }) => level < headline.level);
    const node = toNode({
      headline,
      above,
      line: start + 1,
      content: readNodeBody(lines.slice(start + 1, starts[nth + 1]), start + 2),
    });
    if (above.length > 0) samples.at(-1)?.push(node);
    else samples.push([node]);
    above.push(node);
    checkBounds({ path, node, samples });
  }
  return { path, roleMapName, samples };
}

/** Without a byte order mark and line ends; a file may or may not end with one. */
function linesOf(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, "")
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
}

export function orgTooLarge(path: string): AppError {
  const limit = ORG_BYTES_MAX / 2 ** 20;
  return new AppError("input-too-large", `${path} is larger than ${limit} MiB; split it into several files`);
}

function toNode(options: {
  readonly headline: Headline;
  readonly above: readonly OrgNode[];
  readonly line: number;
  readonly content: NodeBody;
}): OrgNode {
  const { headline, above, line, content } = options;
  return {
    ...headline,
    ...content,
    line,
    inheritedTags: [...new Set(above.flatMap(({ tags }) => tags))],
    isSkipped: headline.isDone || (above.at(-1)?.isSkipped ?? false),
    text: messageOf(headline.title, content.body),
  };
}

/** Blank lines around a message go, the indentation of its first line stays: it may be code. */
function messageOf(title: string, body: string): string {
  return `${title}\n${body}`.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd();
}

function checkBounds(options: {
  readonly path: string;
  readonly node: OrgNode;
  readonly samples: readonly OrgSample[];
}): void {
  const { path, node, samples } = options;
  const place = `line ${node.line} of ${path}`;
  const refuse = (what: string) => new AppError("input-too-large", `${place} ${what}`);
  if (node.level > LEVEL_MAX) {
    throw refuse(
      `is a headline of ${node.level} stars, ${LEVEL_MAX} are the most; use fewer, or indent the line`,
    );
  }
  if (samples.length > SAMPLES_MAX) {
    throw refuse(`begins sample ${samples.length}, ${SAMPLES_MAX} are the most; split the file into several`);
  }
  if ((samples.at(-1)?.length ?? 0) > NODES_PER_SAMPLE_MAX) {
    throw refuse(`is the ${NODES_PER_SAMPLE_MAX + 1}th headline of one sample; split the sample`);
  }
}
