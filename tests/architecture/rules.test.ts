/** The rules of `rules.ts`: each holds over the whole tree, and each finds a breach that is planted for it. */

import { describe, expect, test } from "vitest";
import {
  circles,
  fullFolders,
  longFunctions,
  misnamedLimits,
  namesClaimedTwice,
  unreachedFiles,
  unusedExports,
} from "./rules.js";
import { filesMatching, isTestPath } from "./sourceTree.js";

const all = filesMatching(/\.(ts|mjs|cc|h)$/);
const typescript = all.filter(({ path }) => path.endsWith(".ts"));
const product = typescript.filter(({ path }) => !isTestPath(path) && !/\.config\.ts$/.test(path));
const cpp = all.filter(({ path }) => /^native\/src\/.*\.(cc|h)$/.test(path));

const pathsOf = (files: typeof all) => files.map(({ path }) => path);

/** Where a process, a bundle or a package's users come in. */
const ENTRIES = [
  "configs/src/index.ts",
  "configs/src/editorConfiguration.ts",
  "daemon/src/main.ts",
  "extension/chat/main.ts",
  "extension/src/main.ts",
  "native/lib/fileLock.ts",
  "native/lib/index.ts",
  "native/lib/inspect.ts",
  "native/lib/kernels.ts",
  "native/lib/sampler.ts",
];

/** What the editor, a bundle of its own or vitest loads by its path, not by an import. */
const LOADED = [
  ".ci/testSetup.mjs",
  ".ci/vitestReporter.mjs",
  "configs/src/editorConfiguration.ts",
  "extension/src/main.ts",
];

const file = (path: string, text: string) => ({ path, text });

describe("the house", () => {
  test("is there to be looked at", () => {
    expect(product.length).toBeGreaterThan(300);
    expect(cpp.length).toBeGreaterThan(80);
  });

  test("has no function above 70 lines", () => expect(longFunctions(product)).toEqual([]));

  test("has at most 20 files in a folder, tests counted apart", () => {
    const shipped = [...product, ...cpp];
    const tests = all.filter(({ path }) => isTestPath(path));
    expect([...fullFolders(pathsOf(shipped)), ...fullFolders(pathsOf(tests))]).toEqual([]);
  });

  test("has one file for each exported type's name", () => expect(namesClaimedTwice(product)).toEqual([]));

  test("has no circle of files", () => expect(circles(typescript)).toEqual([]));

  test("ships no file that only tests use", () => expect(unreachedFiles(product, ENTRIES)).toEqual([]));

  test("exports what another file imports", () => {
    const sources = all.filter(({ path }) => /\.(ts|mjs)$/.test(path));
    expect(unusedExports(sources, LOADED)).toEqual([]);
  });

  test("ends the names of its limits in Max", () => expect(misnamedLimits([...product, ...cpp])).toEqual([]));
});

describe("a breach is found:", () => {
  test("a long function, of any kind", () => {
    const body = "step();\n".repeat(69);
    const planted = [
      file("a.ts", `export function long() {\n${body}}\n`),
      file("b.ts", `const long = () => {\n${body}};\n`),
      file("c.ts", `class C {\n  long() {\n${body}  }\n}\n`),
      file("d.ts", `function short() {\n${"step();\n".repeat(68)}}\n`),
    ];
    expect(longFunctions(planted)).toEqual(["a.ts:1: 71 lines", "b.ts:1: 71 lines", "c.ts:2: 71 lines"]);
  });

  test("a full folder", () => {
    const paths = Array.from({ length: 21 }, (_, index) => `full/${index}.ts`);
    expect(fullFolders([...paths, "full/below/1.ts"])).toEqual(["full: 21 files"]);
    expect(fullFolders(paths.slice(1))).toEqual([]);
  });

  test("a name claimed twice", () => {
    const planted = [
      file("a.ts", "export interface Lesson {}\ninterface Own {}\n"),
      file("b.ts", "export type Lesson = string;\nexport class Own {}\n"),
    ];
    expect(namesClaimedTwice(planted)).toEqual(["Lesson: a.ts, b.ts"]);
  });

  test("a file that nobody but a test imports", () => {
    const planted = [
      file("x/main.ts", 'import { a } from "./a.js";\nawait import("./later.js");\n'),
      file("x/a.ts", ""),
      file("x/later.ts", ""),
      file("x/fake.ts", ""),
    ];
    expect(unreachedFiles(planted, ["x/main.ts"])).toEqual(["x/fake.ts"]);
  });

  test("a name that no other file imports", () => {
    const planted = [
      file("x/index.ts", 'export * from "./a.js";\nexport { c, c2 } from "./c.js";\n'),
      file("x/a.ts", "export const a = 1;\nexport type Unused = 1;\nexport type Used = Unused;\n"),
      file("x/b.ts", 'import { type Used as U, a, c } from "./index.js";\nexport function main() {}\n'),
      file("x/c.ts", "export const c = 1;\nexport const c2 = 2;\n"),
    ];
    expect(unusedExports(planted, ["x/b.ts"])).toEqual(["x/index.ts: c2", "x/a.ts: Unused"]);
  });

  test("a circle, of types too", () => {
    const planted = [
      file("x/a.ts", 'import { b } from "./b.js";\n'),
      file("x/b.ts", 'import type { C } from "./c.js";\n'),
      file("x/c.ts", 'export { a } from "./a.js";\n'),
      file("x/d.ts", 'import { a } from "./a.js";\n'),
    ];
    expect(circles(planted)).toEqual(["x/a.ts <-> x/b.ts <-> x/c.ts"]);
  });

  test("a limit by another name", () => {
    const planted = [
      file("a.ts", "const MAX_LINES = 1;\nconst LINES_MAX = 2;\nconst LINE_LIMIT = 3;\n"),
      file("b.h", "constexpr int kMaxRows = 1;\nconstexpr int kRowsMax = 2;\n"),
    ];
    expect(misnamedLimits(planted)).toEqual(["a.ts: MAX_LINES", "a.ts: LINE_LIMIT", "b.h: kMaxRows"]);
  });
});
