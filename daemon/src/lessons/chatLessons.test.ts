import { ROLE_MAPS } from "@ouroboros/configs";
import { expect, test } from "vitest";
import { testTokenizer } from "../../test/testTokenizer.js";
import { chatTemplate } from "../prompt/chatTemplate.js";
import { CONTROL_LITERALS } from "../prompt/controlTokens.js";
import { chatLessons } from "./chatLessons.js";

const tokenizer = testTokenizer(CONTROL_LITERALS);

test("where a role map closes answers by text, that text is what follows an answer", () => {
  const { roles } = ROLE_MAPS.embedded;
  const assistant = { open: [{ text: "Assistant: " }], close: [{ text: "\n\n" }] };
  const roleMap = { ...ROLE_MAPS.embedded, roles: { ...roles, assistant } };
  const template = chatTemplate({ tokenizer, roleMapName: "embedded", roleMap });
  const messages = [{ line: 1, role: "assistant", text: "Yes", isOver: true }] as const;
  const [lesson] = chatLessons(messages, { path: "sft.org", tokenizer, template });
  expect(lesson).toMatchObject({ prompt: { text: "Assistant:" }, following: tokenizer.encode("\n\n") });
  expect(lesson?.wanted).toEqual({ text: "Yes", tokens: tokenizer.encode(" Yes") });
  expect(lesson?.end).toBeUndefined();
});
