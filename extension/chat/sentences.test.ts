import fc from "fast-check";
import { expect, test } from "vitest";
import { newSentences } from "./sentences.js";

test.each([
  ["one that is whole", "Yes. And", 0, false, ["Yes."]],
  ["none that is not", "Yes", 0, false, []],
  ["the rest at the end", "Yes. And", 5, true, ["And"]],
  ["a line of code", "const a = 1;\nconst", 0, false, ["const a = 1;"]],
  ["Chinese ones", "好。再", 0, false, ["好。"]],
])("speaks %s", (_name, text, spokenTo, isWhole, expected) =>
  expect(newSentences({ text, spokenTo, isWhole }).spoken).toEqual(expected),
);

test("speaks every word once, however the text arrives", () => {
  const parts = fc.array(fc.constantFrom("a", "b. ", "c\n", "。", " ", "d!"), { maxLength: 40 });
  fc.assert(
    fc.property(parts, (pieces) => {
      const said: string[] = [];
      let text = "";
      let spokenTo = 0;
      for (const piece of [...pieces, ""]) {
        text += piece;
        const next = newSentences({ text, spokenTo, isWhole: false });
        said.push(...next.spoken);
        spokenTo = next.spokenTo;
      }
      said.push(...newSentences({ text, spokenTo, isWhole: true }).spoken);
      expect(said.join("").replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
    }),
  );
});
