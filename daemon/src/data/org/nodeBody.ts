/**
 * What stands below one headline, up to the next: planning line, property drawer, body, each in its place as in Org.
 *
 *   SCHEDULED: <2026-01-05 Mon>
 *   :PROPERTIES:
 *   :Prefix: // kept short
 *   :END:
 *   the body, as it is written
 *
 * Org reads anything that is out of place or unfinished as plain text, and so is it read here. But nobody wants to
 * teach half a drawer or a torn block, so each such line is also noted as a mistake; who teaches, refuses it.
 */

import { blocksOf, unescaped } from "./blocks.js";

export interface NodeBody {
  /** Keys in their case; of a repeated key the last value. */
  readonly properties: ReadonlyMap<string, string>;
  /** With its indentation and blank lines; in blocks the escaping commas are gone. */
  readonly body: string;
  readonly mistakes: readonly Mistake[];
}

interface Mistake {
  /** From 1. */
  readonly line: number;
  /** Follows "line 7 of sft.org ". */
  readonly what: string;
}

const PLANNING =
  /^[ \t]*(?:(?:SCHEDULED|DEADLINE|CLOSED):[ \t]*(?:<\d{4}-\d\d-\d\d[^>]*>|\[\d{4}-\d\d-\d\d[^\]]*\])[ \t]*)+$/;
const DRAWER = /^[ \t]*:PROPERTIES:[ \t]*$/i;
const DRAWER_END = /^[ \t]*:END:[ \t]*$/i;
const PROPERTY = /^[ \t]*:([^\s:]+):(?:[ \t]+(.*))?$/s;

/** `firstLine`: the number of the first of `lines` in the file. */
export function readNodeBody(lines: readonly string[], firstLine: number): NodeBody {
  const planningLines = PLANNING.test(lines[0] ?? "") ? 1 : 0;
  const drawer = readDrawer(lines.slice(planningLines));
  const bodyFrom = planningLines + drawer.lines;
  const bodyLines = lines.slice(bodyFrom);
  const { isInside, unmatched } = blocksOf(bodyLines);
  const place = (index: number) => firstLine + bodyFrom + index;
  const strays = [...bodyLines.keys()].filter(
    (index) => !isInside[index] && DRAWER.test(bodyLines[index] ?? ""),
  );
  return {
    properties: drawer.properties,
    body: bodyLines.map((line, index) => (isInside[index] ? unescaped(line) : line)).join("\n"),
    mistakes: [
      ...strays.map((index) => ({ line: place(index), what: STRAY_DRAWER })),
      ...unmatched.map((index) => ({ line: place(index), what: UNMATCHED_BLOCK })),
    ],
  };
}

const STRAY_DRAWER =
  "begins a :PROPERTIES: drawer that does not stand directly below a headline or holds other lines than :Key: value up to :END:; mend it, or put the text into a block";
const UNMATCHED_BLOCK =
  "is one end of a block without the other; mend it, and inside blocks write ,* and ,#+ for lines that begin with * or #+";

interface Drawer {
  readonly properties: ReadonlyMap<string, string>;
  /** How many lines it takes; 0 where there is none. */
  readonly lines: number;
}

function readDrawer(lines: readonly string[]): Drawer {
  const none: Drawer = { properties: new Map(), lines: 0 };
  if (!DRAWER.test(lines[0] ?? "")) return none;
  const properties = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    if (DRAWER_END.test(line)) return { properties, lines: index + 1 };
    const [, key, value = ""] = PROPERTY.exec(line) ?? [];
    if (key === undefined) return none;
    properties.set(key, value.trim());
  }
  return none;
}
