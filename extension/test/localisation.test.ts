/** Every sentence that people read exists in both languages, with the same places for values, and none goes around it. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));
const readJson = (name: string): Record<string, string> =>
  JSON.parse(readFileSync(join(folder, name), "utf8"));

/** Paths within src/, those in folders included. */
const files = readdirSync(join(folder, "src"), { encoding: "utf8", recursive: true })
  .filter((path) => /(?<!\.test)\.ts$/.test(path))
  .sort();

function nodesOf(name: string): readonly ts.Node[] {
  const text = readFileSync(join(folder, "src", name), "utf8");
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true));
  return found;
}

function calledName(node: ts.CallExpression): string {
  const { expression } = node;
  if (ts.isIdentifier(expression)) return expression.text;
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : "";
}

/** The English sentences that the code asks for: first arguments of `t(…)` and `l10n.t(…)`. */
const asked = new Set(
  files.flatMap(nodesOf).flatMap((node) => {
    if (!ts.isCallExpression(node) || calledName(node) !== "t") return [];
    const [first] = node.arguments;
    return first && ts.isStringLiteralLike(first) ? [first.text] : [];
  }),
);

const places = (sentence: string) => [...sentence.matchAll(/\{\d+\}/g)].map(([place]) => place).sort();

/** Strings that stand where VS Code shows them to people, but hold words that no `t` has seen. */
function untranslated(name: string): readonly string[] {
  const shows = /^(show(Information|Warning|Error)Message|setStatusBarMessage|showWarning)$/;
  const properties = /^(title|prompt|placeholder|placeHolder|tooltip|label|description|detail)$/;
  const hasWords = (node: ts.Node | undefined) =>
    node !== undefined &&
    (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) &&
    /[A-Za-z]{2}/.test(node.text) &&
    node.text !== "Ouroboros";
  return nodesOf(name).flatMap((node) => {
    const shown =
      ts.isCallExpression(node) && shows.test(calledName(node))
        ? node.arguments
        : ts.isPropertyAssignment(node) && properties.test(node.name.getText())
          ? [node.initializer]
          : ts.isBinaryExpression(node) &&
              ts.isPropertyAccessExpression(node.left) &&
              properties.test(node.left.name.text)
            ? [node.right]
            : [];
    return shown.filter(hasWords).map((each) => `${name}: ${each.getText()}`);
  });
}

describe("sentences of the code", () => {
  const chinese = readJson("l10n/bundle.l10n.zh-cn.json");

  test("there are some", () => expect(asked.size).toBeGreaterThan(50));

  test("each has its Chinese, and no Chinese is left over", () => {
    expect(Object.keys(chinese).sort()).toEqual([...asked].sort());
  });

  test("both have the same places for values", () => {
    for (const [english, translated] of Object.entries(chinese))
      expect([english, places(translated)]).toEqual([english, places(english)]);
  });

  test("none is written where it is shown", () => expect(files.flatMap(untranslated)).toEqual([]));
});

describe("sentences of the manifest", () => {
  const english = readJson("package.nls.json");
  const chinese = readJson("package.nls.zh-cn.json");
  const manifest = readFileSync(join(folder, "package.json"), "utf8");

  test("exist in both languages and are used", () => {
    const used = [...manifest.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key);
    expect(Object.keys(english).sort()).toEqual([...new Set(used)].sort());
    expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort());
  });

  test("links of the walkthrough lead to the same commands", () => {
    const commands = (sentence: string | undefined) =>
      [...(sentence ?? "").matchAll(/\(command:[^)]+\)/g)].join();
    for (const [key, sentence] of Object.entries(english))
      expect([key, commands(chinese[key])]).toEqual([key, commands(sentence)]);
  });
});
