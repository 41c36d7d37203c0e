/**
 * What must never be trained on: projects that serve for evaluation, in every registry, and vendored copies of
 * anything. Enforced here whatever a recipe says; recipes repeat the list so that a reader of one sees it.
 */

/** Names as in npm, PyPI and crates.io. A trailing `*` matches any rest. */
export const EXCLUDED_PACKAGES = [
  "hono",
  "@hono/*",
  "ky",
  "ky-universal",
  "zod",
  "zod-*",
  "kysely",
  "kysely-*",
  "zustand",
  "ts-pattern",
  "@excalidraw/*",
  "vscode-languageserver*",
  "vscode-languageclient",
  "vscode-jsonrpc",
  "flask",
  "werkzeug",
  "starlette",
  "click",
  "httpx",
  "httpcore",
  "ripgrep",
  "grep",
  "grep-*",
  "ignore",
  "globset",
] as const;

export function isExcludedPackage(name: string): boolean {
  return EXCLUDED_PACKAGES.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

const VENDOR_FOLDER = /(^|\/)(node_modules|bower_components|vendor|vendored|third[-_]?party|_deps|deps)\//i;

/**
 * True for a file that is, or may be, a copy of an evaluation project: any vendored folder, a folder or file named
 * like an excluded package, or a text whose opening names an excluded project as its origin.
 */
export function isVendoredCopy(file: { readonly path: string; readonly text: string }): boolean {
  if (VENDOR_FOLDER.test(file.path)) return true;
  const names = file.path.toLowerCase().split("/");
  if (names.some((name) => EVALUATION_NAMES.has(name.replace(/\.[a-z.]+$/, "")))) return true;
  return COPIED_FROM.test(file.text.slice(0, OPENING_CHARACTERS));
}

/** Only the unmistakable names: a folder `click` or a file `ignore.ts` is nobody's copy of the Python or Rust project. */
const EVALUATION_NAMES: ReadonlySet<string> = new Set([
  "hono",
  "kysely",
  "zustand",
  "ts-pattern",
  "excalidraw",
  "vscode-languageserver",
  "vscode-languageclient",
  "vscode-jsonrpc",
]);
const OPENING_CHARACTERS = 2_000;
const COPIED_FROM =
  /github\.com\/(honojs\/|sindresorhus\/ky\b|colinhacks\/zod|kysely-org\/|pmndrs\/zustand|gvergnaud\/ts-pattern|excalidraw\/|microsoft\/vscode-languageserver)/i;
