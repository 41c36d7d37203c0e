import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyOrg } from "../../../test/testOrg.js";
import { AppError } from "../../base/errors.js";
import { LEVEL_MAX, NODES_PER_SAMPLE_MAX, ORG_BYTES_MAX, parseOrg, SAMPLES_MAX } from "./parseOrg.js";

const WORDS = "#+TODO: SYSTEM REQUEST RESPONSE TEXT | CANCELED";

const parse = (text: string) => parseOrg({ text, path: "sft.org" });
const nodesOf = (...lines: string[]) => parse([WORDS, ...lines].join("\n")).samples.flat();
const [textsOf, bodiesOf] = [
  (...lines: string[]) => nodesOf(...lines).map(({ text }) => text),
  (...lines: string[]) => nodesOf(...lines).map(({ body }) => body),
];

describe("headlines", () => {
  test.each([
    ["* REQUEST [#A] Why? :train:reset:", "REQUEST", "A", "Why?", ["train", "reset"]],
    ["* Why?", undefined, undefined, "Why?", []],
    ["* ", undefined, undefined, "", []],
    ["* REQUEST", "REQUEST", undefined, "", []],
    ["* REQUEST :train:", "REQUEST", undefined, "", ["train"]],
    ["* ANSWER Yes", undefined, undefined, "ANSWER Yes", []],
    ["* Request Yes", undefined, undefined, "Request Yes", []],
    ["* REQUESTS Yes", undefined, undefined, "REQUESTS Yes", []],
    ["* REQUEST\tYes", undefined, undefined, "REQUEST\tYes", []],
    ["* REQUEST REQUEST Yes", "REQUEST", undefined, "REQUEST Yes", []],
    ["* [#B] REQUEST Yes", undefined, "B", "REQUEST Yes", []],
    ["* REQUEST [#AB] Yes", "REQUEST", undefined, "[#AB] Yes", []],
    ["* CANCELED Yes", "CANCELED", undefined, "Yes", []],
    ["* in std::map:", undefined, undefined, "in std::map:", []],
    ["* a:b:c:", undefined, undefined, "a:b:c:", []],
    ["* Tags :größe:日本:a_1@#%:  ", undefined, undefined, "Tags", ["größe", "日本", "a_1@#%"]],
    ["* Not tags :a b:", undefined, undefined, "Not tags :a b:", []],
    ["* Links [[a][b]] and a[[1][0]]", undefined, undefined, "Links [[a][b]] and a[[1][0]]", []],
  ])("%s", (line, word, priority, title, tags) => {
    expect(nodesOf(line)).toMatchObject([{ level: 1, word, priority, title, tags, line: 2 }]);
  });

  test.each(["*", "*bold*", " * indented", "*\ttab", "-* x", ""])("%j is none", (line) =>
    expect(bodiesOf("* First", line)).toEqual([line]),
  );
});

describe("the preamble", () => {
  test.each([
    ["words add up", ["#+TODO: A", "#+TODO: B | C"], ["A", "B", "C"], ["C"]],
    [
      "in either case, with their other names",
      ["#+todo: A", "  #+Seq_Todo: B |C", "#+TYP_TODO:D"],
      ["A", "B", "C", "D"],
      ["C"],
    ],
    ["without Emacs's keys", ["#+TODO: A(a) B(b@/!) | C(c)"], ["A", "B", "C"], ["C"]],
    ["a word on both sides is done", ["#+TODO: A B | B"], ["A", "B"], ["B"]],
    ["only done words", ["#+TODO: | C"], ["C"], ["C"]],
    ["none declared: none known", [], [], []],
    ["not from a block", ["#+begin_example", "#+TODO: A", "#+end_example"], [], []],
    ["not from below a headline", ["* X", "#+TODO: A"], [], []],
    ["not from a comment or a text", ["# #+TODO: A", "see #+TODO: B"], [], []],
  ])("%s", (_name, preamble, words, done) => {
    const tried = ["A", "B", "C", "D", "TODO", "DONE"];
    const nodes = parse([...preamble, ...tried.map((word) => `* ${word}`)].join("\n"))
      .samples.flat()
      .slice(-6);
    expect(nodes.flatMap(({ word }) => word ?? [])).toEqual(words);
    expect(nodes.filter(({ isDone }) => isDone).map(({ word }) => word)).toEqual(done);
  });

  test.each([
    ["", undefined],
    ["#+ROLEMAP: other", "other"],
    ["#+rolemap: a\n#+RoleMap:  b ", "b"],
    ["* X\n#+ROLEMAP: other", undefined],
  ])("%j names a role map", (text, name) => expect(parse(text).roleMapName).toBe(name));

  test("is no sample, whatever it says", () => {
    expect(parse(`${WORDS}\nREQUEST What?\n ** not at the start`).samples).toEqual([]);
  });
});

describe("below a headline", () => {
  test.each([
    ["title and body", ["* One", "two", "", "three"], "One\ntwo\n\nthree"],
    ["a title alone", ["* One"], "One"],
    ["a body alone, without blank lines around it", ["* RESPONSE", "", "\t ", "two", "", " "], "two"],
    ["code keeps its indentation", ["* RESPONSE", "    if x:", "\treturn"], "    if x:\n\treturn"],
    ["code keeps its blank lines", ["* RESPONSE a", "", "  b", "", "c"], "a\n\n  b\n\nc"],
    ["the planning line goes", ["* A", "SCHEDULED: <2026-01-05 Mon>", "b"], "A\nb"],
    [
      "with all it says",
      ["* A", "  CLOSED: [2026-01-05 Mon 21:15] DEADLINE: <2026-01-06 Tue +1w>", "b"],
      "A\nb",
    ],
    [
      "but not from another place",
      ["* A", "b", "SCHEDULED: <2026-01-05 Mon>"],
      "A\nb\nSCHEDULED: <2026-01-05 Mon>",
    ],
    [
      "and not what only looks like it",
      ["* A", "DEADLINE: soon <2026-01-05>"],
      "A\nDEADLINE: soon <2026-01-05>",
    ],
    ["the drawer goes", ["* A", ":PROPERTIES:", ":Prefix: x", ":END:", "b"], "A\nb"],
    [
      "after the planning line too",
      ["* A", "CLOSED: [2026-01-05 Mon]", " :properties:", " :end:", "b"],
      "A\nb",
    ],
    [
      "other drawers and clocks stay",
      ["* A", ":LOGBOOK:", "CLOCK: [2026-01-05 Mon 10:00]", ":END:"],
      "A\n:LOGBOOK:\nCLOCK: [2026-01-05 Mon 10:00]\n:END:",
    ],
    [
      "so do comments and keywords",
      ["* A", "# c", "#+TODO: X", "#+RESULTS:"],
      "A\n# c\n#+TODO: X\n#+RESULTS:",
    ],
  ])("%s", (_name, lines, text) => expect(textsOf(...lines)).toEqual([text]));

  test("properties are read in their case, the last of a name", () => {
    const [node] = nodesOf(
      "* A",
      ":PROPERTIES:",
      ":TopP: 0.3",
      ":topp:  a b ",
      ":Empty:",
      ":TopP: 0.4",
      ":END:",
    );
    expect([...(node?.properties ?? [])]).toEqual([
      ["TopP", "0.4"],
      ["topp", "a b"],
      ["Empty", ""],
    ]);
  });

  test.each([
    ["a drawer that is not directly below", ["* A", "", ":PROPERTIES:", ":a: b", ":END:"], 4],
    ["a drawer without an end", ["* A", ":PROPERTIES:", ":a: b"], 3],
    ["a drawer with another line", ["* A", ":PROPERTIES:", "text", ":END:"], 3],
    ["a block without an end", ["* A", "b", "#+begin_src ts"], 4],
    ["an end without a block", ["* A", "#+end_src"], 3],
    ["an end of another name", ["* A", "#+begin_src", "#+end_example"], 3],
  ])("%s is text, and a mistake", (_name, lines, line) => {
    const [node] = nodesOf(...lines);
    expect(node?.body).toBe(lines.slice(1).join("\n"));
    expect(node?.mistakes[0]?.line).toBe(line);
  });
});

describe("blocks", () => {
  const src = (...lines: string[]) => ["* A", "#+begin_src org", ...lines, "#+end_src"];
  const inSrc = (...lines: string[]) => ["#+begin_src org", ...lines, "#+end_src"].join("\n");
  test.each([
    ["are text", src("  a", "", "\tb"), inSrc("  a", "", "\tb")],
    [
      "lose the comma of an escaped line",
      src(",* a", ",** b", ",#+end_src"),
      inSrc("* a", "** b", "#+end_src"),
    ],
    ["lose one comma of several", src(",,* a", "  ,,#+x"), inSrc(",* a", "  ,#+x")],
    ["lose it after an indentation, as Emacs writes it", src("/**", " ,* @param"), inSrc("/**", " * @param")],
    ["keep every other comma", src(", *a", ",a", "a,* b", ",+ c"), inSrc(", *a", ",a", "a,* b", ",+ c")],
    [
      "hide drawers and other blocks",
      src(":PROPERTIES:", "#+begin_quote"),
      inSrc(":PROPERTIES:", "#+begin_quote"),
    ],
    [
      "have any name, in either case",
      ["* A", "#+BEGIN_cmd -x", ",* a", "  #+end_CMD "],
      "#+BEGIN_cmd -x\n* a\n  #+end_CMD ",
    ],
  ])("%s", (_name, lines, body) => {
    expect(nodesOf(...lines)).toMatchObject([{ body, mistakes: [] }]);
  });

  test("outside them a comma is a comma", () => {
    expect(bodiesOf("* A", ",* a", ",#+begin_src", "#+begin_src", ",* never ended")).toEqual([
      ",* a\n,#+begin_src\n#+begin_src\n,* never ended",
    ]);
  });

  test("a headline inside one is a headline, and both torn halves are mistakes", () => {
    const nodes = nodesOf("* A", "#+begin_src md", "* item", "#+end_src");
    expect(nodes.map(({ title }) => title)).toEqual(["A", "item"]);
    expect(nodes.flatMap(({ mistakes }) => mistakes.map(({ line }) => line))).toEqual([3, 5]);
  });
});

describe("samples", () => {
  const drawn = (...levels: number[]) =>
    parse(levels.map((level, index) => `${"*".repeat(level)} ${index}`).join("\n"))
      .samples.map((sample) => sample.map(({ title }) => title).join(""))
      .join(" ");
  test.each([
    [[1, 2, 3, 2, 1, 2], "0123 45"],
    [[1, 1], "0 1"],
    [[1, 5, 3, 2], "0123"],
    [[2, 3, 2, 1, 2], "01 2 34"],
    [[], ""],
  ])("levels %j", (levels, samples) => expect(drawn(...levels)).toBe(samples));

  test("tags are a headline's own; those above are kept apart", () => {
    expect(nodesOf("* A :x:", "** B :y:", "*** C", "** D :z:", "* E")).toMatchObject([
      { tags: ["x"], inheritedTags: [] },
      { tags: ["y"], inheritedTags: ["x"] },
      { tags: [], inheritedTags: ["x", "y"] },
      { tags: ["z"], inheritedTags: ["x"] },
      { tags: [], inheritedTags: [] },
    ]);
  });

  test("a done word skips its headline and all below it", () => {
    const nodes = nodesOf(
      "* A",
      "** CANCELED B",
      "*** REQUEST C",
      "** REQUEST D",
      "* CANCELED E",
      "** TEXT F",
    );
    expect(nodes.filter(({ isSkipped }) => isSkipped).map(({ title }) => title)).toEqual([
      "B",
      "C",
      "E",
      "F",
    ]);
  });
});

describe("any text", () => {
  const same =
    "#+TODO: REQUEST\n* REQUEST a\n:PROPERTIES:\n:TopP: 1\n:END:\n#+begin_src\n,* b\n#+end_src\n** c";
  test.each([
    ["CRLF", same.replaceAll("\n", "\r\n")],
    ["a final newline", `${same}\n`],
    ["a final CRLF", `${same.replaceAll("\n", "\r\n")}\r\n`],
    ["a byte order mark", `\uFEFF${same}`],
  ])("is read alike with %s", (_name, text) => expect(parse(text)).toEqual(parse(same)));

  test.each([
    ["size", `* ${"ü".repeat(ORG_BYTES_MAX / 2)}`, "sft.org is larger than 4 MiB"],
    [
      "level",
      `\n${"*".repeat(LEVEL_MAX + 1)} x`,
      `line 2 of sft.org is a headline of ${LEVEL_MAX + 1} stars`,
    ],
    ["samples", "* \n".repeat(SAMPLES_MAX + 1), `line ${SAMPLES_MAX + 1} of sft.org begins sample`],
    ["headlines of a sample", `* \n${"** \n".repeat(NODES_PER_SAMPLE_MAX)}`, "257th headline of one sample"],
  ])("has a bound on its %s", (_name, text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(AppError);
  });

  test("is read whole: only planning and properties are left out, and only commas changed", () => {
    fc.assert(
      fc.property(anyOrg(), (text) => {
        const lines = text
          .replace(/^\uFEFF/, "")
          .replace(/\r?\n$/, "")
          .split(/\r?\n/);
        const nodes = parse(text).samples.flat();
        for (const [index, node] of nodes.entries()) {
          expect(lines[node.line - 1]).toMatch(/^\*+ /);
          const between = lines.slice(node.line, (nodes[index + 1]?.line ?? lines.length + 1) - 1);
          const body = between.length === 0 || node.body === "" ? [] : node.body.split("\n");
          const kept = body.length === 0 ? [] : between.slice(-body.length);
          expect(body.map(commaless)).toEqual(kept.map(commaless));
          for (const left of between.slice(0, between.length - body.length)) {
            expect(left).toMatch(/^\s*(:|SCHEDULED:|$)/);
          }
        }
      }),
      { numRuns: 700 },
    );
  });
});

const commaless = (line: string) => line.replace(/^([ \t]*),+/, "$1");
