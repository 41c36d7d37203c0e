/** The language of a file, from its name alone. `undefined` = not a language of the corpus. */

const BY_EXTENSION = {
  ts: "typescript",
  tsx: "typescript",
  mts: "typescript",
  cts: "typescript",
  js: "javascript",
  jsx: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  md: "markdown",
  mdx: "markdown",
  py: "python",
  rs: "rust",
  c: "cpp",
  cc: "cpp",
  cpp: "cpp",
  h: "cpp",
  hpp: "cpp",
  json: "json",
  yml: "yaml",
  yaml: "yaml",
  css: "css",
  scss: "css",
  html: "html",
  svelte: "html",
  vue: "html",
  sh: "shell",
} as const;

export type Language = (typeof BY_EXTENSION)[keyof typeof BY_EXTENSION];

const LANGUAGES: ReadonlyMap<string, Language> = new Map(Object.entries(BY_EXTENSION));

export function languageOf(path: string): Language | undefined {
  return LANGUAGES.get(path.slice(path.lastIndexOf(".") + 1).toLowerCase());
}

/** True for declaration files, which mostly repeat a source that the corpus has already. */
export function isDeclaration(path: string): boolean {
  return /\.d\.[mc]?ts$/.test(path);
}
