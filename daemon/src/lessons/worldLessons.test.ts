import { resolve } from "node:path";
import { loadTokenizer } from "@ouroboros/native";
import { describe, expect, test } from "vitest";
import { parseOrg } from "../data/org/parseOrg.js";
import { chatTemplateOf } from "../prompt/chatTemplate.js";
import { END_OF_DOCUMENT } from "../prompt/controls.js";
import { encodeText } from "../prompt/encodeText.js";
import type { ChatTurn } from "../protocol/turns.js";
import { lessonsOf } from "./orgLessons.js";

const tokenizer = loadTokenizer(resolve(import.meta.dirname, "../../model/world/rwkv_vocab_v20230424.txt"));
const template = chatTemplateOf(tokenizer);
const read = (...lines: string[]) =>
  lessonsOf(
    parseOrg({ text: ["#+TODO: SYSTEM REQUEST RESPONSE TEXT", ...lines].join("\n"), path: "sft.org" }),
    tokenizer,
  );

const WORDS = { system: "SYSTEM", user: "REQUEST", assistant: "RESPONSE" } as const;
const asSample = (turns: readonly ChatTurn[]) =>
  turns.map(({ role, text }, at) => `${at === 0 ? "*" : "**"} ${WORDS[role]}\n${text}`);

const CODE = "Call it so:\n\n#+begin_src ts\nrun(1);\n\nrun(2);\n#+end_src";

describe("a chat sample for a World vocabulary", () => {
  test.each<[string, readonly ChatTurn[]]>([
    ["one question", [{ role: "user", text: "Which port?" }]],
    ["nothing", []],
    [
      "every role",
      [
        { role: "system", text: "You review TypeScript." },
        { role: "user", text: "Is this check needed?" },
        { role: "assistant", text: "No." },
        { role: "user", text: "And here?" },
      ],
    ],
    [
      "blank lines within turns",
      [
        { role: "user", text: CODE },
        { role: "assistant", text: "One.\n\n\nTwo.\n\nThree." },
        { role: "user", text: "Why?\n\n价 🦉 <|eot|>" },
      ],
    ],
  ])("is what a chat asks, and the answer to it: after %s", (_name, turns) => {
    const { lessons, problems } = read(...asSample([...turns, { role: "assistant", text: "Port 8080." }]));
    expect(problems).toEqual([]);
    const lesson = lessons.at(-1);
    expect([...(lesson?.prompt.tokens ?? [])]).toEqual([...template.prompt(turns)]);
    expect(lesson?.boundary).toBe(template.prompt(turns).length - 1);
    expect([...(lesson?.wanted.tokens ?? [])]).toEqual([...encodeText(tokenizer, " Port 8080.")]);
    expect(lesson?.wanted.text).toBe("Port 8080.");
    expect(lesson?.following).toEqual(tokenizer.encode("\n\n"));
    expect(lesson?.end).toBeUndefined();
  });

  test("is in the words that the World models were trained on", () => {
    const sample = asSample([
      { role: "system", text: "Be brief." },
      { role: "user", text: "Which port,\n\nand why?" },
      { role: "assistant", text: "8080." },
    ]);
    const { prompt } = read(...sample).lessons[0] ?? {};
    const asked = "System: Be brief.\n\nUser: Which port,\nand why?\n\nAssistant:";
    expect(prompt).toEqual({ text: asked, tokens: encodeText(tokenizer, asked) });
  });

  test("teaches no blank line in an answer: there a chat would end it", () => {
    const [lesson] = read("* REQUEST a", "** RESPONSE", "One.", "", "", "Two.").lessons;
    expect(lesson?.wanted.text).toBe("One.\nTwo.");
    expect([...(lesson?.wanted.tokens ?? [])]).toEqual([...template.answer("One.\n\n\nTwo.").tokens]);
  });

  test("may name the model's own role map, and no other", () => {
    const sample = ["* REQUEST a", "** RESPONSE b"];
    expect(read("#+ROLEMAP: world", ...sample).lessons).toEqual(read(...sample).lessons.map(oneLineLower));
    expect(() => read("#+ROLEMAP: embedded", ...sample)).toThrow(
      expect.objectContaining({ code: "role-map-mismatch" }),
    );
  });
});

test("a text for a World vocabulary is a document of its own", () => {
  const [lesson] = read("* TEXT Commit messages", "The title says what a user notices.").lessons;
  expect([...(lesson?.prompt.tokens ?? [])]).toEqual([END_OF_DOCUMENT]);
  expect(lesson?.end).toBe(END_OF_DOCUMENT);
});

function oneLineLower<T extends { readonly line: number }>(lesson: T): T {
  return { ...lesson, line: lesson.line + 1 };
}
