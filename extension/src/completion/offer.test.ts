import { expect, test } from "vitest";
import { type OfferInput, offerOf } from "./offer.js";

const input: OfferInput = { text: "User(id);\n  return", multiline: "auto", selected: undefined };

test.each<[string, Partial<OfferInput>, ReturnType<typeof offerOf>]>([
  ["offers the text as it is", {}, { insertText: "User(id);\n  return", before: 0 }],
  [
    "offers the first line where only that is wanted",
    { multiline: "never" },
    { insertText: "User(id);", before: 0 },
  ],
  ["offers nothing when the first line is empty", { text: "\nx", multiline: "never" }, undefined],
  ["offers no white space", { text: " \n" }, undefined],
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
])("%s", (_name, changes, expected) => expect(offerOf({ ...input, ...changes })).toEqual(expected));
