/**
 * The name by which a prompt or lesson names a document. The model was trained on texts that all had a file's name, and
 * tells their language by its ending; so where a name says no language, the ending of what the client calls it is given.
 */

/** Ids of LSP and of VS Code, and the ending that most files of the language have. */
const ENDINGS = {
  bat: "bat",
  c: "c",
  clojure: "clj",
  coffeescript: "coffee",
  cpp: "cpp",
  csharp: "cs",
  css: "css",
  dart: "dart",
  elixir: "ex",
  erlang: "erl",
  fsharp: "fs",
  go: "go",
  graphql: "graphql",
  groovy: "groovy",
  handlebars: "hbs",
  haskell: "hs",
  html: "html",
  ini: "ini",
  java: "java",
  javascript: "js",
  javascriptreact: "jsx",
  json: "json",
  jsonc: "json",
  jsonl: "jsonl",
  julia: "jl",
  kotlin: "kt",
  latex: "tex",
  less: "less",
  lua: "lua",
  markdown: "md",
  mdx: "mdx",
  "objective-c": "m",
  "objective-cpp": "mm",
  ocaml: "ml",
  perl: "pl",
  php: "php",
  powershell: "ps1",
  proto: "proto",
  python: "py",
  r: "r",
  ruby: "rb",
  rust: "rs",
  sass: "sass",
  scala: "scala",
  scss: "scss",
  sh: "sh",
  shellscript: "sh",
  sql: "sql",
  svelte: "svelte",
  swift: "swift",
  tex: "tex",
  toml: "toml",
  typescript: "ts",
  typescriptreact: "tsx",
  vue: "vue",
  xml: "xml",
  yaml: "yaml",
  zig: "zig",
} as const;

const BY_LANGUAGE: ReadonlyMap<string, string> = new Map(Object.entries(ENDINGS));
/** Endings that say a language; others of those languages first. */
const SAYING: ReadonlySet<string> = new Set([
  ...[
    "mts",
    "cts",
    "mjs",
    "cjs",
    "pyi",
    "cc",
    "cxx",
    "h",
    "hh",
    "hpp",
    "hxx",
    "yml",
    "htm",
    "bash",
    "zsh",
    "kts",
  ],
  ...BY_LANGUAGE.values(),
]);

/** What a text is called that has no name. */
const UNNAMED = "src/main";
/** Its language, where nobody says one. */
const LANGUAGE_DEFAULT = "typescript";

/** The ending for an id of LSP or for an ending itself (`py`), in any case; undefined: no language known here. */
export function endingOf(language: string): string | undefined {
  const id = language.toLowerCase();
  return BY_LANGUAGE.get(id) ?? (SAYING.has(id) ? id : undefined);
}

/** `path`: within the project, `/` between names; undefined: the document has no name. */
export function documentName(path: string | undefined, language: string | undefined): string {
  if (path === undefined) return `${UNNAMED}.${endingOf(language ?? LANGUAGE_DEFAULT) ?? "txt"}`;
  const folderEnd = path.lastIndexOf("/") + 1;
  // The dot of `.bashrc` begins a name and ends none.
  const dot = path.lastIndexOf(".");
  const nameEnd = dot > folderEnd ? dot : path.length;
  const ending = language === undefined ? undefined : endingOf(language);
  const isSaid = SAYING.has(path.slice(nameEnd + 1).toLowerCase());
  return isSaid || ending === undefined ? path : `${path.slice(0, nameEnd)}.${ending}`;
}
