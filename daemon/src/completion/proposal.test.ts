import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { loadTokenizer } from "../engine/engine.js";
import { embeddedModelPath } from "../models/modelFiles.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import { hindranceOf } from "./proposal.js";

const tokenizer = loadTokenizer(join(dirname(embeddedModelPath()), "vocab.txt"));

/** ║ cursor. */
function hindranceAt(document: string, text: string): string | undefined {
  const [prefix = "", suffix = ""] = document.split("║");
  const place = { prefix, suffix };
  return hindranceOf(text, {
    tokenizer,
    prompt: completionPrompt({ tokenizer, path: "a.ts", ...place }),
    place,
  });
}

test.each([
  ["const a = ║", "f(\n"],
  ["const log = log║", "ger(1);"],
  ["  if (a) {\n    ║\n  }\n", "b();\n  } else {\n"],
  ["x║\ny();\n", "\ny();\nz();"],
  ["║", "a\n".repeat(40)],
  ["║", "^^^^^^^^^^^^^^^^^^"],
  ["f(║)\n", "a, b)"],
  ["// ║", "语言 e\u0301 👩‍👩‍👧"],
  ["a();║\nb();\n", ""],
  ["a ║ + b;\n", "* 2"],
])("in %j %j can be shown whole", (document, text) => {
  expect(hindranceAt(document, text)).toBeUndefined();
});

test.each([
  ["a ║ + b;\n", "* 2\n", "several lines"],
  ["a ║(b);\n", "c(b);", "stands right of or below"],
  ["║\nb();\n", "a();\nb();", "stands right of or below"],
  ["f(║)\n", ")", "nothing but the brackets"],
  ["║", "a\u0000b", "half a character"],
  ["║", "a<|eot|>", "control token"],
  ["║", "a\ud800", "half a character"],
  ["║", " \n", "white space alone"],
])("in %j %j cannot: %s", (document, text, clause) => {
  expect(hindranceAt(document, text)).toContain(clause);
});
