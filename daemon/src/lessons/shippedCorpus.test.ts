import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { testTokenizer } from "../../test/testTokenizer.js";
import { parseOrg } from "../data/org/parseOrg.js";
import { CONTROL_LITERALS } from "../prompt/controlTokens.js";
import { lessonsOf } from "./orgLessons.js";

const tokenizer = testTokenizer(CONTROL_LITERALS);
const shipped = readFileSync(new URL("../../../org-data/sft.org", import.meta.url), "utf8");

const parse = (text: string) => parseOrg({ text, path: "sft.org" });
const lessonsFrom = (text: string) => lessonsOf(parse(text), tokenizer);

/** The shipped file with the done word of one sample replaced. */
function switchedOn(sample: number, word: string): string {
  let nth = 0;
  return shipped.replaceAll(/^\* CANCELED /gm, (match) => (nth++ === sample ? `* ${word} ` : match));
}

describe("the shipped sft.org", () => {
  test("teaches nothing, whoever saves it", () => {
    expect(parse(shipped).samples).toHaveLength(3);
    expect(lessonsFrom(shipped)).toEqual({ lessons: [], problems: [] });
  });

  test("names no role map: it is for whatever model is in use", () =>
    expect(parse(shipped).roleMapName).toBeUndefined());

  test.each([
    ["an answer with code", 0, "REQUEST", ["recall"]],
    ["a text", 1, "TEXT", ["read"]],
    ["a conversation", 2, "SYSTEM", ["recall", "recall"]],
  ])("shows %s, which teaches once it is switched on", (_name, sample, word, aims) => {
    const { lessons, problems } = lessonsFrom(switchedOn(sample, word));
    expect(problems).toEqual([]);
    expect(lessons.map(({ aim }) => aim)).toEqual(aims);
  });
});

describe("the format's page", () => {
  const page = readFileSync(new URL("../../../org-data/FORMAT.md", import.meta.url), "utf8");

  test("has an example that teaches what it says", () => {
    const example = /```org\n(.*?)```/s.exec(page)?.[1] ?? "";
    const { lessons, problems } = lessonsFrom(example);
    expect(problems).toEqual([]);
    expect(lessons.map(({ aim }) => aim)).toEqual(["recall", "read"]);
  });
});
