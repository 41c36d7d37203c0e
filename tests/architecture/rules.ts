/**
 * Rules that keep the house in order, each a pure function from source files to what breaks it: one line a breach,
 * `path: what`. `rules.test.ts` holds them over the tree, and each over a planted breach.
 */

import { dirname } from "node:path";
import ts from "typescript";
import { type Import, importsOf, parse, type SourceText } from "./sourceTree.js";

const FUNCTION_LINES_MAX = 70;
const FOLDER_FILES_MAX = 20;

/** Functions longer than a screen, signature and all. */
export function longFunctions(files: readonly SourceText[]): readonly string[] {
  return files.flatMap((file) => {
    const source = parse(file);
    const found: string[] = [];
    const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && "body" in node && node.body) {
        const [first, last] = [lineOf(node.getStart()), lineOf(node.end)];
        const lines = last - first + 1;
        if (lines > FUNCTION_LINES_MAX) found.push(`${file.path}:${first}: ${lines} lines`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

/** Folders that nobody takes in at a glance; a C++ source and its header count as one. */
export function fullFolders(paths: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const path of new Set(paths.map((each) => each.replace(/\.(cc|h)$/, ""))))
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > FOLDER_FILES_MAX)
    .map(([folder, count]) => `${folder}: ${count} files`);
}

export interface ExportedType {
  readonly path: string;
  readonly name: string;
}

/** Names of interfaces, types, classes and enums that `files` export where they declare them. */
export function exportedTypes(files: readonly SourceText[]): readonly ExportedType[] {
  return files.flatMap((file) =>
    parse(file).statements.flatMap((statement) => {
      const isType =
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isEnumDeclaration(statement);
      const isExported =
        isType && statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
      return isExported && statement.name ? [{ path: file.path, name: statement.name.text }] : [];
    }),
  );
}

/** One noun, one type: names that two files claim. */
export function namesClaimedTwice(files: readonly SourceText[]): readonly string[] {
  const owners = new Map<string, string[]>();
  for (const { name, path } of exportedTypes(files)) owners.set(name, [...(owners.get(name) ?? []), path]);
  return [...owners]
    .filter(([, paths]) => paths.length > 1)
    .map(([name, paths]) => `${name}: ${paths.join(", ")}`);
}

/** Files that no entry reaches: a helper of tests among what ships, or something nobody needs. */
export function unreachedFiles(files: readonly SourceText[], entries: readonly string[]): readonly string[] {
  const targets = targetsOf(files.flatMap(importsOf));
  const reached = new Set(entries);
  for (const path of reached) for (const target of targets.get(path) ?? []) reached.add(target);
  return files.map(({ path }) => path).filter((path) => !reached.has(path));
}

/** Names that a file exports and no other file imports, but for those of files that something outside loads. */
export function unusedExports(files: readonly SourceText[], loaded: readonly string[]): readonly string[] {
  const imports = files.flatMap(importsOf);
  const passedOn = targetsOf(imports.filter(({ name }) => name === "export *"));
  const used = new Set<string>();
  const use = (path: string, name: string): void => {
    used.add(`${path}: ${name}`);
    for (const target of passedOn.get(path) ?? []) use(target, name);
  };
  for (const { target, name } of imports) use(target, name);
  return files.flatMap((file) =>
    loaded.includes(file.path) || used.has(`${file.path}: *`)
      ? []
      : exportedNames(file).flatMap((name) =>
          used.has(`${file.path}: ${name}`) ? [] : [`${file.path}: ${name}`],
        ),
  );
}

/** Names of everything that a file exports, declared there or passed on by name. */
function exportedNames(file: SourceText): readonly string[] {
  const names = parse(file).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const clause = statement.exportClause;
      return clause && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : [];
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) =>
        ts.isIdentifier(name) ? [name.text] : [],
      );
    return "name" in statement && statement.name && ts.isIdentifier(statement.name)
      ? [statement.name.text]
      : [];
  });
  return [...new Set(names)];
}

function targetsOf(imports: readonly Import[]): ReadonlyMap<string, ReadonlySet<string>> {
  const targets = new Map<string, Set<string>>();
  for (const { from, target } of imports) targets.set(from, (targets.get(from) ?? new Set()).add(target));
  return targets;
}

/** Files that import one another around a circle, each circle once (Tarjan's strongly connected components). */
export function circles(files: readonly SourceText[]): readonly string[] {
  const targets = targetsOf(files.flatMap(importsOf));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[] = [];
  const visit = (path: string): number => {
    const own = order.size;
    order.set(path, own);
    open.push(path);
    let low = own;
    for (const target of targets.get(path) ?? []) {
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, lowest.get(target) ?? order.get(target) ?? low);
    }
    lowest.set(path, low);
    if (low === own) {
      const circle = open.splice(open.indexOf(path));
      if (circle.length > 1) found.push(circle.sort().join(" <-> "));
    }
    return low;
  };
  for (const { path } of files) if (!order.has(path)) visit(path);
  return found;
}

/** Constants that bound something and do not end in `Max` (`_MAX`), in TypeScript and in C++. */
export function misnamedLimits(files: readonly SourceText[]): readonly string[] {
  const typescript = /\b(?:const|let|readonly)\s+(MAX_\w+|LIMIT_\w+|\w+_LIMIT|\w+_MAXIMUM)\b/g;
  const cpp = /\b(kMax[A-Z]\w*|kLimit[A-Z]\w*|k[A-Z]\w*(?:Limit|Maximum))\s*(?:=|\{)/g;
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(path.endsWith(".ts") ? typescript : cpp)].map(([, name]) => `${path}: ${name}`),
  );
}
