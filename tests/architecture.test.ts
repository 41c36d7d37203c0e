/**
 * The rules of the tree that no compiler checks: who may import whom, in TypeScript and in C++, what stays out of the
 * engine, and what every file owes its reader. A new arrow means a line here and a sentence in the README.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function filesUnder(folder: string, pattern: RegExp): readonly string[] {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !/(^|\/)(node_modules|build[^/]*|dist|fixtures)\//.test(path))
    .sort();
}

const read = (path: string) => readFileSync(join(root, path), "utf8");
const isTest = (path: string) => /\.test\.ts$/.test(path) || /(^|\/)tests?\//.test(path);

const typescript = [
  "configs/src",
  "native/lib",
  "native/test",
  "native/bench",
  "daemon/src",
  "daemon/test",
  "extension/src",
  "extension/chat",
  "extension/test",
  "tests",
]
  .flatMap((folder) => filesUnder(folder, /\.ts$/))
  .filter((path) => !path.endsWith(".d.ts"));
const product = typescript.filter((path) => !isTest(path));
const scripts = [...filesUnder(".ci", /\.mjs$/), ...filesUnder("daemon/bin", /\.mjs$/)];
const cpp = filesUnder("native/src", /\.(h|cc)$/);

/**
 * Who may import whom within daemon/src, folder by folder; every folder is imported by those below it alone. All may
 * import `base`. `cli`, main and compose, the files that lie directly in src, may import all; nobody imports them but
 * `cli` compose, and main both. `lab` is imported by `cli` alone.
 */
const DAEMON_ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  ".": [],
  protocol: [],
  journal: [],
  store: [],
  documents: ["protocol"],
  engine: [],
  states: ["engine"],
  prompt: ["engine", "protocol"],
  models: ["prompt", "engine"],
  data: [],
  lessons: ["protocol", "prompt", "engine", "data"],
  learning: ["lessons", "journal", "store", "engine"],
  completion: ["prompt", "engine", "states"],
  chat: ["protocol", "prompt", "engine", "states"],
  training: ["prompt", "engine", "models"],
  lab: ["prompt", "engine", "models", "completion", "training"],
  assistant: [
    "protocol",
    "journal",
    "store",
    "prompt",
    "engine",
    "states",
    "models",
    "completion",
    "chat",
    "data",
    "lessons",
    "learning",
  ],
  transport: ["protocol", "engine", "assistant", "documents"],
};

/** The same for extension/src; of `.`, main is imported by nobody and commands by main alone. */
const EXTENSION_ARROWS: Readonly<Record<string, readonly string[]>> = {
  ".": ["."],
  daemon: ["."],
  completion: [".", "daemon"],
  correction: [".", "daemon", "completion"],
  learning: [".", "daemon"],
  chat: [".", "daemon", "correction", "learning"],
  status: [".", "daemon", "completion"],
};

/** C++ layers, lowest first: a folder may include those listed for it, and itself. */
const NATIVE_ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  tensor: ["base"],
  kernels: ["base"],
  files: ["base", "tensor"],
  text: ["base", "files"],
  ops: ["base", "tensor", "kernels"],
  rwkv7: ["base", "tensor", "kernels", "ops", "files"],
  generate: ["base", "tensor", "kernels", "ops", "rwkv7", "files", "text"],
  train: ["base", "tensor", "kernels", "ops", "rwkv7", "files"],
  binding: ["base", "tensor", "kernels", "ops", "rwkv7", "generate", "train", "files", "text"],
};

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, read(path), ts.ScriptTarget.ESNext, true);
}

function importsOf(path: string): readonly string[] {
  return parse(path).statements.flatMap((statement) =>
    (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
    statement.moduleSpecifier &&
    ts.isStringLiteral(statement.moduleSpecifier)
      ? [statement.moduleSpecifier.text]
      : [],
  );
}

/** Imports of `path` that stay in the repository, as paths from its root; packages keep their name. */
function localImports(path: string): readonly string[] {
  return importsOf(path).flatMap((specifier) => {
    if (specifier.startsWith("@ouroboros/")) return [specifier];
    if (!specifier.startsWith(".")) return [];
    const target = relative(root, resolve(root, dirname(path), specifier))
      .split(sep)
      .join("/");
    return [target.replace(/\.js$/, ".ts")];
  });
}

const folderIn = (base: string, path: string) => {
  const parts = path.slice(base.length + 1).split("/");
  return parts.length > 1 ? (parts[0] ?? ".") : ".";
};

function brokenDaemonArrows(path: string): readonly string[] {
  const from = folderIn("daemon/src", path);
  return localImports(path).flatMap((target) => {
    if (target.startsWith("@") || target === "daemon/package.json") return [];
    const to = folderIn("daemon/src", target);
    const isAllowed =
      target.startsWith("daemon/src/") && (to === from || to === "base" || mayImport(path, from, target, to));
    return isAllowed ? [] : [`${path} -> ${target}`];
  });
}

function brokenExtensionArrows(path: string): readonly string[] {
  const from = folderIn("extension/src", path);
  const isMain = path === "extension/src/main.ts";
  const isAllowed = (target: string) => {
    if (!target.startsWith("extension/src/"))
      return /^(daemon\/src\/protocol\/\w+|configs\/src\/settings)\.ts$/.test(target);
    if (target === "extension/src/main.ts") return false;
    if (target === "extension/src/commands.ts") return isMain;
    const to = folderIn("extension/src", target);
    const isTop = isMain || path === "extension/src/commands.ts";
    return isTop || to === from || (EXTENSION_ARROWS[from] ?? []).includes(to);
  };
  return localImports(path).flatMap((target) => (isAllowed(target) ? [] : [`${path} -> ${target}`]));
}

function mayImport(path: string, from: string, target: string, to: string): boolean {
  if (target === "daemon/src/main.ts") return false;
  if (target === "daemon/src/compose.ts") return from === "cli" || path === "daemon/src/main.ts";
  if (path === "daemon/src/main.ts") return to === "cli";
  if (to === "cli" || (to === "lab" && from !== "cli")) return false;
  return from === "cli" || path === "daemon/src/compose.ts" || (DAEMON_ARROWS[from] ?? []).includes(to);
}

describe("TypeScript imports", () => {
  test("there is something to check", () => expect(product.length).toBeGreaterThan(5));

  test("configs imports no other package, and only itself and its data", () => {
    const targets = product.filter((path) => path.startsWith("configs/")).flatMap(localImports);
    expect(targets.filter((target) => !target.startsWith("configs/"))).toEqual([]);
  });

  test("the engine's TypeScript knows nothing of the product", () => {
    const targets = product.filter((path) => path.startsWith("native/")).flatMap(localImports);
    expect(targets.filter((target) => !/^(native\/|@ouroboros\/native)/.test(target))).toEqual([]);
  });

  test("every folder of the extension is in the table of arrows, and the table has no other", () => {
    const folders = product.filter((path) => path.startsWith("extension/src/"));
    expect([...new Set(folders.map((path) => folderIn("extension/src", path)))].sort()).toEqual(
      Object.keys(EXTENSION_ARROWS).sort(),
    );
  });

  test("the extension's folders import along the arrows, of the daemon its messages, of the rest its settings", () => {
    const paths = product.filter((path) => path.startsWith("extension/src/"));
    expect(paths.flatMap(brokenExtensionArrows)).toEqual([]);
  });

  test("the chat's page shares only messages with the extension", () => {
    const paths = product.filter((path) => path.startsWith("extension/chat/"));
    const allowed = /^(extension\/chat\/\w+\.ts|extension\/src\/chat\/chat(Messages|Strings)\.ts)$/;
    expect(paths.flatMap(localImports).filter((target) => !allowed.test(target))).toEqual([]);
  });

  test("every folder of the daemon is in the table of arrows", () => {
    const folders = new Set(
      product.filter((path) => path.startsWith("daemon/src/")).map((path) => folderIn("daemon/src", path)),
    );
    expect([...folders].filter((folder) => folder !== "cli" && !(folder in DAEMON_ARROWS))).toEqual([]);
  });

  test("the daemon's folders import along the arrows", () => {
    const daemon = product.filter((path) => path.startsWith("daemon/src/"));
    expect(daemon.flatMap(brokenDaemonArrows)).toEqual([]);
  });

  // A lock that kill -9 lets go of is the system's to give, and Node does not ask for it.
  test("the daemon knows the engine by engine/ alone; lab/ and models/ may look inside it, base/ at its locks", () => {
    const mayImport = (from: string, target: string) => {
      if (target === "@ouroboros/native") return from === "engine";
      if (target === "@ouroboros/native/fileLock") return from === "base";
      return !target.startsWith("@ouroboros/native") || from === "lab" || from === "models";
    };
    const broken = product
      .filter((path) => path.startsWith("daemon/src/"))
      .flatMap((path) => localImports(path).map((target) => ({ path, target })))
      .filter(({ path, target }) => !mayImport(folderIn("daemon/src", path), target));
    expect(broken.map(({ path, target }) => `${path} -> ${target}`)).toEqual([]);
  });

  test("files that others may have put there are read through base/regularFile.ts, which no pipe can block", () => {
    // Figures of the system's own under /proc.
    const mayRead =
      /^daemon\/src\/(base\/(regularFile|earlierLock|lockRecord)|cli\/lab\/bench\/withScratchDaemon)\.ts$/;
    const reads = (path: string) =>
      /^import \{[^}]*\b(readFile|readFileSync|createReadStream|openSync)\b[^}]*\} from "node:fs["/]/m.test(
        read(path),
      );
    const found = product.filter((path) => path.startsWith("daemon/src/") && reads(path));
    expect(found.filter((path) => !mayRead.test(path))).toEqual([]);
  });

  test("no default exports", () => {
    const isDefault = (path: string) => /^export default /m.test(read(path));
    expect(product.filter(isDefault)).toEqual([]);
  });

  test("no type assertion but `as const` outside tests", () => {
    const found: string[] = [];
    for (const path of product) {
      const file = parse(path);
      const visit = (node: ts.Node): void => {
        const isAssertion =
          (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) ||
          ts.isTypeAssertionExpression(node);
        if (isAssertion)
          found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
        ts.forEachChild(node, visit);
      };
      visit(file);
    }
    expect(found).toEqual([]);
  });
});

describe("C++ includes", () => {
  const includes = cpp.flatMap((path) =>
    [...read(path).matchAll(/^\s*#\s*include\s+([<"])([^>"]+)[>"]/gm)].map((match) => ({
      path,
      target: match[2] ?? "",
    })),
  );
  const from = (path: string) => folderIn("native/src", path);

  test("every folder is in the table of layers", () => {
    expect([...new Set(cpp.map(from))].filter((folder) => !(folder in NATIVE_ARROWS))).toEqual([]);
  });

  test("a layer includes itself and those below it", () => {
    const broken = includes.filter(({ path, target }) => {
      const to = target.split("/")[0] ?? "";
      return to in NATIVE_ARROWS && to !== from(path) && !(NATIVE_ARROWS[from(path)] ?? []).includes(to);
    });
    expect(broken.map(({ path, target }) => `${path} -> ${target}`)).toEqual([]);
  });

  test("napi.h only in binding/", () => {
    expect(includes.filter(({ path, target }) => /napi/.test(target) && from(path) !== "binding")).toEqual(
      [],
    );
  });

  test("intrinsics only in kernels/simd/ and SHA-256's inner loop", () => {
    // instruction_set.cc asks the processor what it has, which Visual C++ declares in the same header.
    const mayUse =
      /^native\/src\/(base\/sha256_blocks_x86\.cc|kernels\/(simd\/[a-z0-9_]+\.h|instruction_set\.cc))$/;
    const uses = (path: string) =>
      /#\s*include\s+<(immintrin|x86intrin|arm_neon)\.h>|\b_mm\d*_\w+\(/.test(read(path));
    expect(cpp.filter((path) => uses(path) && !mayUse.test(path))).toEqual([]);
  });

  test("the engine reads no environment and prints nothing", () => {
    const speaks =
      /\b(getenv|printf|fprintf|puts)\s*\(|#\s*include\s+<(iostream|cstdio|print)>|std::c(out|err)\b/;
    expect(cpp.filter((path) => speaks.test(read(path).replaceAll(/\/\/.*$/gm, "")))).toEqual([]);
  });
});

describe("every file", () => {
  test("begins with a comment that says what it is; a .cc may leave that to its header", () => {
    const hasHeader = (path: string) =>
      path.endsWith(".cc") && existsSync(join(root, path.replace(/cc$/, "h")));
    const isSilent = (path: string) => !/^(\/\/ \S|\/\*\*?\s)/.test(read(path).replace(/^#!.*\n/, ""));
    expect([...product, ...scripts, ...cpp].filter((path) => isSilent(path) && !hasHeader(path))).toEqual([]);
  });

  test("that a README sends to for an addition is there", () => {
    const missing = ["configs", "daemon", "extension", "native", "org-data", "tests"].flatMap((folder) => {
      const list = /\*To add …\*\n\n((?:(?:- | {2}).*\n)+)/.exec(read(`${folder}/README.md`))?.[1] ?? "";
      const paths = [...list.matchAll(/`([\w./-]+\/[\w./-]*)`/g)].map(([, path]) => path ?? "");
      const isThere = (path: string) => existsSync(join(root, folder, path)) || existsSync(join(root, path));
      return paths.filter((path) => !isThere(path)).map((path) => `${folder}/README.md: ${path}`);
    });
    expect(missing).toEqual([]);
  });

  test("that a README names as a test is there", () => {
    const missing = ["", "configs/", "daemon/", "extension/", "native/", "org-data/", "tests/"].flatMap(
      (folder) => {
        const named = [...read(`${folder}README.md`).matchAll(/`([\w./-]+\/[\w.-]+\.test\.ts)`/g)];
        const isThere = (path: string) =>
          [path, `${folder}${path}`, `${folder}src/${path}`].some((each) => existsSync(join(root, each)));
        return named.flatMap(([, path = ""]) => (isThere(path) ? [] : [`${folder}README.md: ${path}`]));
      },
    );
    expect(missing).toEqual([]);
  });

  test("names say what a file holds", () => {
    const vague = /\/(utils?|helpers?|common|manager|service|misc)\.\w+$/;
    expect([...typescript, ...scripts, ...cpp].filter((path) => vague.test(path))).toEqual([]);
  });
});
