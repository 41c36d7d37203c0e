import { ROLE_MAPS } from "@ouroboros/configs";
import { expect, test } from "vitest";
import { testTokenizer } from "../../test/testTokenizer.js";
import { corpusLanguageOf } from "../data/org/corpusLanguage.js";
import { parseOrg } from "../data/org/parseOrg.js";
import { CONTROL_LITERALS } from "../prompt/controlTokens.js";
import { chatLessons } from "./chatLessons.js";

const tokenizer = testTokenizer(CONTROL_LITERALS);
const language = corpusLanguageOf(parseOrg({ text: "", path: "sft.org" }), tokenizer);

test("where a role map closes answers by text, that text is what follows an answer", () => {
  const { roles } = ROLE_MAPS.embedded;
  const assistant = { open: [{ text: "Assistant: " }], close: [{ text: "\n\n" }] };
  const roleMap = { ...ROLE_MAPS.embedded, roles: { ...roles, assistant } };
  const messages = [{ line: 1, role: "assistant", text: "Yes", isOver: true }] as const;
  const [lesson] = chatLessons(messages, { ...language, roleMap });
  expect(lesson).toMatchObject({ prompt: { text: "Assistant: " }, following: tokenizer.encode("\n\n") });
  expect(lesson?.end).toBeUndefined();
});
