/**
 * What must never be trained on: projects that serve for evaluation, in every registry, and vendored copies of
 * anything. Enforced here whatever a recipe says; recipes repeat the list so that a reader of one sees it.
 */

/** Names as in npm, PyPI and crates.io, in the form that `normalName` gives. A trailing `*` matches any rest. */
export const EXCLUDED_PACKAGES = [
  "hono",
  "@hono/*",
  "ky",
  "ky-universal",
  "zod",
  "@zod/*",
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
  "asyncclick",
  // Carries click, in a folder of its own and in its modules.
  "typer",
  "httpx",
  "httpcore",
  "ripgrep",
  "grep",
  "grep-*",
  "ignore",
  "globset",
] as const;

export function isExcludedPackage(name: string): boolean {
  const normal = normalName(name);
  return EXCLUDED_PACKAGES.some((pattern) =>
    pattern.endsWith("*") ? normal.startsWith(pattern.slice(0, -1)) : normal === pattern,
  );
}

/** PyPI and crates.io take names that differ in case and in `-`, `_`, `.` for the same (PEP 503). */
function normalName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

const VENDOR_FOLDER =
  /(^|\/)(node_modules|bower_components|_?vendor(s|ed)?|_?third[-_]?party|_?deps|extern(al)?s?|site-packages)\//i;

/**
 * True for a file that is, or may be, a copy of an evaluation project: any vendored folder, a folder or file named
 * like an excluded package, or a text whose opening names an excluded project as its origin.
 */
export function isVendoredCopy(file: { readonly path: string; readonly text: string }): boolean {
  if (VENDOR_FOLDER.test(file.path)) return true;
  const names = file.path.toLowerCase().split("/");
  if (names.some((name) => EVALUATION_NAMES.has(normalName(name.replace(/\.[a-z.]+$/, ""))))) return true;
  if (COPIED_FOLDER.test(file.path)) return true;
  return COPIED_FROM.test(file.text.slice(0, OPENING_CHARACTERS));
}

/** Only the unmistakable names: a file `click.ts` or `ignore.ts` is nobody's copy of the Python or Rust project. */
const EVALUATION_NAMES: ReadonlySet<string> = new Set([
  "hono",
  "kysely",
  "zustand",
  "ts-pattern",
  "excalidraw",
  "vscode-languageserver",
  "vscode-languageclient",
  "vscode-jsonrpc",
  "werkzeug",
  "starlette",
  "httpcore",
  "ripgrep",
  "globset",
]);
/** Modules and crates whose names say more as a folder of their own language: `typer/_click/core.py`. */
const COPIED_FOLDER =
  /(^|\/)(_?(click|flask|httpx)\/([^/]+\/)*[^/]+\.py|(ignore|grep(-[a-z]+)?)\/([^/]+\/)*[^/]+\.rs)$/i;
const OPENING_CHARACTERS = 2_000;
const COPIED_FROM =
  /github\.com\/(honojs\/|sindresorhus\/ky\b|colinhacks\/zod|kysely-org\/|pmndrs\/zustand|gvergnaud\/ts-pattern|excalidraw\/|microsoft\/vscode-languageserver|(pallets|mitsuhiko)\/(flask|werkzeug|click)\b|(encode|kludex)\/(starlette|httpx|httpcore)\b|burntsushi\/ripgrep)/i;
