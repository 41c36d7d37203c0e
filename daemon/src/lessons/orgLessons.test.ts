import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyOrg } from "../../test/testOrg.js";
import { testTokenizer } from "../../test/testTokenizer.js";
import { AppError } from "../base/errors.js";
import { parseOrg } from "../data/org/parseOrg.js";
import { END_OF_DOCUMENT } from "../prompt/controls.js";
import { CONTROL_ID_FIRST, CONTROL_LITERALS } from "../prompt/controlTokens.js";
import { checkLesson } from "./checkLesson.js";
import { PROMPT_TOKENS_MAX, RECALL_TOKENS_MAX } from "./lesson.js";
import { lessonsOf } from "./orgLessons.js";
import { PIECE_PROMPT_TOKENS_MAX, PIECE_TOKENS_MAX } from "./textLessons.js";

const tokenizer = testTokenizer([...CONTROL_LITERALS, "\n  ", "const", " =", "ab", "|user"]);
const CONTROL_ID_LAST = CONTROL_ID_FIRST + CONTROL_LITERALS.length - 1;
const WORDS = "#+TODO: SYSTEM REQUEST RESPONSE TEXT BOOK ANALYSIS | CANCELED";

const read = (...lines: string[]) =>
  lessonsOf(parseOrg({ text: [WORDS, ...lines].join("\n"), path: "sft.org" }), tokenizer);
const isControl = (token: number) => token >= CONTROL_ID_FIRST && token <= CONTROL_ID_LAST;

/** `line: prompt → wanted` and how it ends; ∎ stands for the end of the document. */
function shown(...lines: string[]): readonly string[] {
  const { lessons, problems } = read(...lines);
  expect(problems).toEqual([]);
  return lessons.map(({ line, prompt, wanted, end, following }) => {
    const begin = prompt.tokens[0] === END_OF_DOCUMENT ? "∎" : "";
    const after =
      end === END_OF_DOCUMENT ? "∎" : tokenizer.decode(Uint32Array.from(end === undefined ? [] : [end]));
    return `${line}: ${begin}${prompt.text} → ${wanted.text}${after}${following ? "…" : ""}`;
  });
}

describe("a conversation", () => {
  test.each([
    ["one answer", ["* REQUEST Hi", "** RESPONSE Ho"], ["3: <|user|>Hi<|eot|><|asst|> → Ho<|eot|>"]],
    [
      "every answer after all before it",
      ["* SYSTEM S", "** REQUEST a", "** RESPONSE b", "*** REQUEST c", "** RESPONSE d"],
      [
        "4: <|sys|>S<|eot|><|user|>a<|eot|><|asst|> → b<|eot|>",
        "6: <|sys|>S<|eot|><|user|>a<|eot|><|asst|>b<|eot|><|user|>c<|eot|><|asst|> → d<|eot|>",
      ],
    ],
    ["an answer that nobody asked for", ["* RESPONSE b"], ["2: <|asst|> → b<|eot|>"]],
    ["a question alone teaches nothing", ["* REQUEST a"], []],
    ["nor does an answer still to be written", ["* REQUEST a", "** RESPONSE"], []],
    [
      "Prefix and Postfix are part of the text",
      [
        "* REQUEST a",
        ":PROPERTIES:",
        ":Prefix: (",
        ":Postfix: )",
        ":END:",
        "** RESPONSE b",
        ":PROPERTIES:",
        ":Postfix: .",
        ":END:",
      ],
      ["7: <|user|>(a)<|eot|><|asst|> → b.<|eot|>"],
    ],
    [
      "the last one may be left open",
      ["* REQUEST a", "** RESPONSE b", ":PROPERTIES:", ":isOver: False", ":END:"],
      ["3: <|user|>a<|eot|><|asst|> → b"],
    ],
    [
      "what a done word marks is not there",
      ["* REQUEST a", "** CANCELED b", "*** RESPONSE c", "** RESPONSE d", "* CANCELED a", "** RESPONSE b"],
      ["5: <|user|>a<|eot|><|asst|> → d<|eot|>"],
    ],
    [
      "what stands twice is taught once",
      ["* REQUEST a", "** RESPONSE b", "* REQUEST a", "** RESPONSE b"],
      ["3: <|user|>a<|eot|><|asst|> → b<|eot|>"],
    ],
    [
      "code is taught as it will stand in a file",
      ["* REQUEST a", "** RESPONSE", "#+begin_src py", ",* x", "\tdef f():", "", "#+end_src"],
      ["3: <|user|>a<|eot|><|asst|> → #+begin_src py\n* x\n\tdef f():\n\n#+end_src<|eot|>"],
    ],
  ])("%s", (_name, lines, expected) => expect(shown(...lines)).toEqual(expected));

  test("the adapter acts from the opening of the answer on", () => {
    const [lesson] = read("* REQUEST a", "** RESPONSE b").lessons;
    expect(lesson?.boundary).toBe((lesson?.prompt.tokens.length ?? 0) - 1);
    expect(lesson?.aim).toBe("recall");
    expect(lesson?.rejected).toEqual({ text: "", tokens: new Uint32Array() });
  });
});

describe("a text", () => {
  test.each([
    ["is taught whole, to its end", ["* TEXT One", "two"], ["2: ∎ → One\ntwo∎"]],
    ["needs no word", ["* One", "two"], ["2: ∎ → One\ntwo∎"]],
    [
      "has its chapters joined by a blank line",
      ["* BOOK B", "** One", "1", "** ", "** Two"],
      ["2: ∎ → B\n\nOne\n1\n\nTwo∎"],
    ],
    ["may be left open", ["* TEXT One", ":PROPERTIES:", ":isOver: false", ":END:"], ["2: ∎ → One"]],
    ["that is empty teaches nothing", ["* TEXT", "", "** "], []],
    ["with a done word teaches nothing", ["* CANCELED One", "** Two"], []],
  ])("%s", (_name, lines, expected) => expect(shown(...lines)).toEqual(expected));

  test("of any length is taught in pieces that join up to it", () => {
    const character = fc.constantFrom("x", "ab", "价", "🦉", "<|user|>", "\n");
    const texts = fc.array(character, { maxLength: 900, size: "max" }).map((parts) => `a${parts.join("")}z`);
    fc.assert(
      fc.property(texts, (text) => {
        const { lessons } = read(`* TEXT ${text}`);
        expect(lessons.map(({ wanted }) => wanted.text).join("")).toBe(text);
        let before = [END_OF_DOCUMENT];
        for (const [index, { prompt, boundary, wanted, end, following, aim }] of lessons.entries()) {
          expect([...prompt.tokens]).toEqual(before.slice(-PIECE_PROMPT_TOKENS_MAX));
          expect(boundary).toBe(prompt.tokens.length - 1);
          expect(wanted.tokens.length).toBeLessThanOrEqual(PIECE_TOKENS_MAX);
          expect(aim).toBe("read");
          before = [...before, ...wanted.tokens];
          const next = lessons[index + 1];
          expect(end).toBe(next ? undefined : END_OF_DOCUMENT);
          expect([...(following ?? [])]).toEqual([...(next?.wanted.tokens.subarray(0, 16) ?? [])]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("what cannot be taught", () => {
  const x = (tokens: number) => "x".repeat(tokens);
  test.each([
    [
      "a word that the role map does not know",
      ["* REQUEST a", "** ANALYSIS b", "** RESPONSE c"],
      "line 3 of sft.org has the role ANALYSIS, which the role map embedded does not know; use one of SYSTEM, REQUEST,",
    ],
    [
      "plain text in a conversation",
      ["* Title", "** REQUEST a", "** RESPONSE c"],
      "line 2 of sft.org is a headline of plain text in a conversation; begin it with a word that #+TODO: declares (SYSTEM, REQUEST, RESPONSE), or make it a sample of its own",
    ],
    ["a text among turns", ["* REQUEST a", "** TEXT b"], "line 3 of sft.org is a headline of plain text"],
    [
      "a torn block",
      ["* REQUEST a", "** RESPONSE b", "#+begin_src"],
      "line 4 of sft.org is one end of a block without the other",
    ],
    ["a torn drawer", ["* REQUEST a", ":PROPERTIES:"], "line 3 of sft.org begins a :PROPERTIES: drawer"],
    [
      "a property that is not what it should be",
      ["* REQUEST a", ":PROPERTIES:", ":isOver: no", ":END:"],
      "the headline in line 2 of sft.org has a property isOver that must be True or False",
    ],
    [
      "a turn left open before another",
      ["* REQUEST a", ":PROPERTIES:", ":isOver: False", ":END:", "** RESPONSE b"],
      "the message in line 2 of sft.org is left open by isOver",
    ],
    [
      "an answer that is too long",
      ["* REQUEST a", `** RESPONSE ${x(RECALL_TOKENS_MAX + 1)}`],
      "the answer in line 3 of sft.org has 193 tokens, 192 are the most",
    ],
    [
      "too much before an answer",
      [`* REQUEST ${x(PROMPT_TOKENS_MAX - 2)}`, "** RESPONSE b"],
      "what stands before the answer in line 3 of sft.org has 16385 tokens",
    ],
  ])("%s is a problem, and other samples are taught", (_name, lines, message) => {
    const { lessons, problems } = read(...lines, "* REQUEST other", "** RESPONSE sample");
    expect(problems).toMatchObject([{ message: expect.stringContaining(message) }]);
    expect(problems[0]).toBeInstanceOf(AppError);
    expect(lessons.map(({ wanted }) => wanted.text)).toContain("sample");
  });

  test("what a done word marks may be as wrong as it likes", () => {
    expect(read("* CANCELED a", "** ANALYSIS b", "#+begin_src")).toEqual({ lessons: [], problems: [] });
  });

  test("a role map that does not exist", () => {
    expect(() => read("#+ROLEMAP: gpt")).toThrow(
      'sft.org names the role map "gpt", which does not exist; in #+ROLEMAP: write one of embedded',
    );
  });

  test("a role map that is not this model's", () => {
    expect(() => read("#+ROLEMAP: world")).toThrow(
      "the role map world of sft.org is for models without control tokens",
    );
  });

  test("a role map whose tokens the model lacks", () => {
    const file = parseOrg({ text: "#+ROLEMAP: embedded\n* TEXT a", path: "sft.org" });
    expect(() => lessonsOf(file, testTokenizer(["ab"]))).toThrow(
      "the role map embedded of sft.org needs control tokens that the model in use lacks",
    );
  });
});

describe("a lesson's id", () => {
  const idsOf = (...lines: string[]) => read(...lines).lessons.map(({ id }) => id);
  const [base] = idsOf("* REQUEST a", "** RESPONSE b");

  test.each([
    ["elsewhere in the file", ["* Text", "", "* REQUEST a", "** RESPONSE b"]],
    ["written otherwise", ["* REQUEST   a   :tag:", "", "*** RESPONSE", "", "b", ""]],
    ["with a question after it", ["* REQUEST a", "** RESPONSE b", "** REQUEST c"]],
  ])("is the same %s", (_name, lines) => expect(idsOf(...lines)).toContain(base));

  test.each([
    ["question", ["* REQUEST A", "** RESPONSE b"]],
    ["answer", ["* REQUEST a", "** RESPONSE B"]],
    ["role", ["* SYSTEM a", "** RESPONSE b"]],
    ["ending", ["* REQUEST a", "** RESPONSE b", ":PROPERTIES:", ":isOver: False", ":END:"]],
  ])("is another with another %s", (_name, lines) => {
    const ids = idsOf(...lines);
    expect(ids).toHaveLength(1);
    expect(ids).not.toContain(base);
  });

  test("is the same where the file names the model's own role map", () =>
    expect(idsOf("#+ROLEMAP: embedded", "* REQUEST a", "** RESPONSE b")).toEqual([base]));

  // The journal remembers by them what was taught: other ids would teach everyone's corpus a second time.
  test("never changes", () => {
    expect(base).toMatch(/^s[0-9a-f]{24}$/);
    expect(base).toBe("s8c07dab7ca9e3ecb0fc906aa");
  });
});

describe("any corpus", () => {
  test("is lessons that learning takes, or AppErrors", () => {
    fc.assert(
      fc.property(anyOrg(), (text) => {
        for (const lesson of lessonsIn(text)) {
          expect(() => checkLesson(lesson, { vocabularySize: tokenizer.size })).not.toThrow();
        }
      }),
      { numRuns: 400 },
    );
  });

  test("is read by the model in its order, and no text makes a control token", () => {
    const piece = fc.constantFrom(
      "a",
      "<|eot|>",
      "<|user|>",
      "|user",
      "价",
      " ",
      "const",
      "\n",
      "* ",
      "<",
      ">",
    );
    const message = fc.array(piece, { minLength: 1, maxLength: 12 }).map((parts) => `x${parts.join("")}x`);
    fc.assert(
      fc.property(fc.array(message, { minLength: 2, maxLength: 8 }), (messages) => {
        // A headline within a text would be one: a space keeps it from that.
        const texts = messages.map((text) => text.replaceAll("\n* ", "\n *"));
        const lines = texts.map((text, index) => `${index === 0 ? "*" : "**"} ${ROLES[index % 2]}\n${text}`);
        const { lessons, problems } = read(...lines);
        expect(problems).toEqual([]);
        expect(lessons).toHaveLength(Math.floor(texts.length / 2));
        for (const [index, { prompt, wanted }] of lessons.entries()) {
          const turns = texts.slice(0, 2 * index + 2);
          const tokens = [...prompt.tokens, ...wanted.tokens];
          const written = tokens.map((token) => (isControl(token) ? "\0" : "")).filter(Boolean);
          expect(written).toHaveLength(2 * turns.length - 1);
          const spoken = tokens.filter((token) => !isControl(token));
          expect(tokenizer.decode(Uint32Array.from(spoken))).toBe(turns.join(""));
        }
      }),
    );
  });
});

const ROLES = ["REQUEST", "RESPONSE"] as const;

function lessonsIn(text: string) {
  try {
    return lessonsOf(parseOrg({ text, path: "any.org" }), tokenizer).lessons;
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return [];
  }
}
