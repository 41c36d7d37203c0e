import { expect, test } from "vitest";
import { insertionOf } from "./insertion.js";

const input: Parameters<typeof insertionOf>[0] = {
  text: "User(id);\n  return",
  multiline: "auto",
  selected: undefined,
};

test.each<[string, Partial<typeof input>, ReturnType<typeof insertionOf>]>([
  ["inserts the text as it is", {}, { insertText: "User(id);\n  return", before: 0 }],
  [
    "inserts the first line where only that is wanted",
    { multiline: "never" },
    { insertText: "User(id);", before: 0 },
  ],
  ["inserts nothing when the first line is empty", { text: "\nx", multiline: "never" }, undefined],
  ["inserts no white space", { text: " \n" }, undefined],
  [
    "extends the entry that is selected in the suggest widget",
    { selected: { text: "findUser", typed: "find" } },
    { insertText: "findUser(id);\n  return", before: 4 },
  ],
  [
    "stays silent when that entry says something else",
    { selected: { text: "findAll", typed: "find" } },
    undefined,
  ],
])("%s", (_name, changes, expected) => expect(insertionOf({ ...input, ...changes })).toEqual(expected));
