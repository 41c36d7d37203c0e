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

export function parse({ path, text }: SourceText): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
}

/** One name that an import or re-export brings from `target`; `*` for all of it. */
export interface Import {
  readonly from: string;
  readonly target: string;
  readonly name: string;
}

/** Imports that stay in the repository; dynamic ones count too. */
export function importsOf(file: SourceText): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, names: readonly string[]) => {
    if (!specifier || !ts.isStringLiteral(specifier) || !specifier.text.startsWith(".")) return;
    const target = relative(root, resolve(root, dirname(file.path), specifier.text))
      .split(sep)
      .join("/");
    for (const name of names) found.push({ from: file.path, target: target.replace(/\.js$/, ".ts"), name });
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
  if (!clause || !ts.isNamedExports(clause)) return ["*"];
  return clause.elements.map((element) => (element.propertyName ?? element.name).text);
}
