/** The repository's source files, read and parsed once for the rules that are held over them. Paths use `/`. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface SourceText {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

const FOLDERS = [".ci", "configs", "daemon", "extension", "native", "tests"];
const ELSEWHERE = /(^|\/)(node_modules|build[^/]*|dist|fixtures|\.cache)\//;

/** Every file of the packages whose name matches. */
export function filesMatching(pattern: RegExp): readonly SourceText[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/")),
  )
    .filter((path) => !ELSEWHERE.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

export const isTestPath = (path: string) => /\.test\.ts$/.test(path) || /(^|\/)tests?\//.test(path);

const parsed = new WeakMap<SourceText, ts.SourceFile>();

export function parse(file: SourceText): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, true);
  parsed.set(file, source);
  return source;
}

/** One name that an import or re-export brings from `target`; `*` for all of it, `export *` where it is passed on. */
export interface Import {
  readonly from: string;
  readonly target: string;
  readonly name: string;
}

/** Where the packages' names lead. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["@ouroboros/configs", "configs/src/index.ts"],
  ["@ouroboros/native", "native/lib/index.ts"],
  ["@ouroboros/native/fileLock", "native/lib/fileLock.ts"],
  ["@ouroboros/native/inspect", "native/lib/inspect.ts"],
  ["@ouroboros/native/kernels", "native/lib/kernels.ts"],
]);

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return PACKAGES.get(specifier);
  const target = relative(root, resolve(root, dirname(path), specifier));
  return target.split(sep).join("/").replace(/\.js$/, ".ts");
}

/** Imports that stay in the repository; dynamic ones count too. */
export function importsOf(file: SourceText): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, names: readonly string[]) => {
    const isPath = specifier !== undefined && ts.isStringLiteral(specifier);
    const target = isPath ? targetOf(file.path, specifier.text) : undefined;
    if (target !== undefined) for (const name of names) found.push({ from: file.path, target, name });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importedNames(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, exportedNames(node.exportClause));
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], ["*"]);
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

function importedNames(clause: ts.ImportClause | undefined): readonly string[] {
  const bindings = clause?.namedBindings;
  if (!bindings || !ts.isNamedImports(bindings)) return ["*"];
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

function exportedNames(clause: ts.NamedExportBindings | undefined): readonly string[] {
  if (!clause) return ["export *"];
  if (!ts.isNamedExports(clause)) return ["*"];
  return clause.elements.map((element) => (element.propertyName ?? element.name).text);
}
