/** Drawn Org texts for the tests: arbitrary ones, and good files with lines moved, doubled, lost and torn. */

import fc from "fast-check";

const GOOD_LINES: readonly string[] = [
  "#+TODO: SYSTEM REQUEST RESPONSE TEXT ANALYSIS | CANCELED",
  "#+ROLEMAP: embedded",
  "about this file",
  "* SYSTEM You review TypeScript.",
  "** REQUEST [#A] Is this null check needed?   :train:",
  "SCHEDULED: <2026-01-05 Mon>",
  ":PROPERTIES:",
  ":TopP: 0.3",
  ":isOver: False",
  ":Prefix: >",
  ":END:",
  "#+begin_src ts",
  "\tif (cfg != null) start(cfg);",
  ",* starred",
  "#+end_src",
  "** RESPONSE No. 价格 🦉",
  "    indented",
  "* TEXT A text",
  "** CANCELED Not this",
  "* ",
  "*** ANALYSIS hm",
  "<|user|> <|eot|>",
  "",
];

/** Any string, half of the time one that looks much like Org. */
export function anyOrg(): fc.Arbitrary<string> {
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...GOOD_LINES) },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "*",
        "* x :a:b:",
        "#+begin_",
        "#+END_src",
        ":END:",
        ":PROPERTIES:",
        "\r",
        "｜",
      ),
    },
  );
  const mutated = fc
    .tuple(
      fc.array(line, { maxLength: 30 }),
      fc.constantFrom("\n", "\r\n"),
      fc.nat(),
      fc.string({ maxLength: 3 }),
    )
    .map(([lines, lineEnd, at, torn]) => {
      const text = lines.join(lineEnd);
      const cut = text.length === 0 ? 0 : at % text.length;
      return text.slice(0, cut) + torn + text.slice(cut + torn.length);
    });
  return fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), mutated);
}
