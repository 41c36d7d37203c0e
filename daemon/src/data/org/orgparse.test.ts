/**
 * This reader against the Python library orgparse (0.5.20260926), on 150 drawn files that it read before they were
 * put into the fixture: preambles of every form, nested headlines with every part, blocks that hold headlines,
 * planning lines, drawers, tabs, CRLF. Only what both mean to read alike was drawn; `parseOrg.test.ts` has the rest.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { parseOrg } from "./parseOrg.js";

const nodeSchema = z.strictObject({
  line: z.int(),
  level: z.int(),
  word: z.string().nullable(),
  isDone: z.boolean(),
  priority: z.string().nullable(),
  title: z.string(),
  tags: z.array(z.string()),
  allTags: z.array(z.string()),
  properties: z.record(z.string(), z.string()),
  body: z.string(),
});
const cases = z
  .array(z.strictObject({ text: z.string(), samples: z.array(z.array(nodeSchema)) }))
  .parse(
    JSON.parse(
      readFileSync(new URL("../../../../tests/fixtures/org/orgparse.json", import.meta.url), "utf8"),
    ),
  );

function read(text: string): readonly (readonly z.infer<typeof nodeSchema>[])[] {
  return parseOrg({ text, path: "drawn.org" }).samples.map((sample) =>
    sample.map((node) => ({
      line: node.line,
      level: node.level,
      word: node.word ?? null,
      isDone: node.isDone,
      priority: node.priority ?? null,
      title: node.title,
      tags: node.tags.toSorted(),
      allTags: [...new Set([...node.tags, ...node.inheritedTags])].sort(),
      properties: Object.fromEntries(node.properties),
      body: node.body,
    })),
  );
}

test.each(cases.map(({ text, samples }, index) => ({ index, text, samples })))(
  "drawn file $index",
  ({ text, samples }) => expect(read(text)).toEqual(samples),
);
