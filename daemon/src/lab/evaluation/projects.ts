/**
 * The projects that a model is measured on: which files of a folder count, cleaned by the rules of the corpus, in a
 * fixed order. Says what it left out and why.
 */

import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { AppError, systemErrorCode } from "../../base/errors.js";
import { readRegularFile } from "../../base/regularFile.js";
import { type Cleaned, cleanFile, type DropReason } from "../corpus/clean.js";
import { type Language, languageOf } from "../corpus/language.js";

export interface EvaluationFile {
  readonly project: string;
  /** Path within the project, `/` between names. */
  readonly path: string;
  readonly language: Language;
  readonly text: string;
}

export interface EvaluationProject {
  readonly name: string;
  readonly files: readonly EvaluationFile[];
  /** Files and folders left out, by reason. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
}

type SkipReason = DropReason | "folder" | "test" | "licence text" | "too many files";

interface ReadProjectsOptions {
  readonly folder: string;
  /** Tests repeat themselves more than other code does, and flatter a model. */
  readonly tests: "keep" | "drop";
}

/** Nobody's project; a bound for folders that were given by mistake. */
const FILES_MAX = 20_000;
const SKIPPED_FOLDER =
  /^(node_modules|bower_components|dist|build|out|coverage|target|vendor|vendored|third[-_]?party|__pycache__|\..*)$/i;
const TEST_FOLDER = /^(tests?|__tests__|__mocks__|__snapshots__|testdata|fixtures)$/i;
const TEST_FILE = /([._-](test|spec|bench)s?\.[a-z]+$|^(test|conftest|tests)(_.*)?\.(py|rs)$)/i;
const LICENCE_FILE = /^(licen[sc]e|copying|notice|third)/i;
/** A folder with one of these is one project, and so is one with code in it. */
const MANIFESTS: ReadonlySet<string> = new Set(["package.json", "pyproject.toml", "Cargo.toml", ".git"]);
const PROSE_AND_DATA: ReadonlySet<Language | undefined> = new Set([undefined, "markdown", "json", "yaml"]);

/**
 * `folder` as one project, where it has code or a manifest in it, else each of its folders as one; without those that
 * hold nothing to read. Throws AppError `input-invalid`.
 */
export async function readProjects(options: ReadProjectsOptions): Promise<readonly EvaluationProject[]> {
  const { folder, tests } = options;
  const entries = await entriesOf(folder);
  const isProject = entries.some(
    (entry) => MANIFESTS.has(entry.name) || (entry.isFile() && !PROSE_AND_DATA.has(languageOf(entry.name))),
  );
  const names = isProject ? [] : entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found: EvaluationProject[] = [];
  if (isProject) found.push(await readProject({ name: basename(folder), folder, tests }));
  for (const name of names.filter((each) => !SKIPPED_FOLDER.test(each)))
    found.push(await readProject({ name, folder: join(folder, name), tests }));
  const projects = found.filter(({ files }) => files.length > 0);
  if (projects.length > 0) return projects;
  throw new AppError(
    "input-invalid",
    `${folder} holds no source files (.ts, .js, .py, .rs, .md and the like); name a project, or a folder of projects`,
  );
}

async function readProject(options: {
  readonly name: string;
  readonly folder: string;
  readonly tests: "keep" | "drop";
}): Promise<EvaluationProject> {
  const files: EvaluationFile[] = [];
  const skipped: Partial<Record<SkipReason, number>> = {};
  const skip = (reason: SkipReason) => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  };
  const walk = async (under: string): Promise<void> => {
    for (const entry of await entriesOf(join(options.folder, under))) {
      const path = under === "" ? entry.name : `${under}/${entry.name}`;
      if (entry.isDirectory()) {
        const reason = folderSkip(entry.name, options.tests);
        if (reason === undefined) await walk(path);
        else skip(reason);
      } else if (entry.isFile() && languageOf(path) !== undefined) {
        const reason = files.length >= FILES_MAX ? "too many files" : fileSkip(entry.name, options.tests);
        const cleaned: Cleaned =
          reason === undefined
            ? clean({ path, bytes: await readRegularFile(join(options.folder, path)) })
            : { kind: "dropped", reason: "name" };
        if (cleaned.kind === "dropped") skip(reason ?? cleaned.reason);
        else files.push({ project: options.name, path, language: cleaned.language, text: cleaned.text });
      }
    }
  };
  await walk("");
  return { name: options.name, files, skipped };
}

function folderSkip(name: string, tests: "keep" | "drop"): SkipReason | undefined {
  if (SKIPPED_FOLDER.test(name)) return "folder";
  return tests === "drop" && TEST_FOLDER.test(name) ? "test" : undefined;
}

function fileSkip(name: string, tests: "keep" | "drop"): SkipReason | undefined {
  if (LICENCE_FILE.test(name)) return "licence text";
  return tests === "drop" && TEST_FILE.test(name) ? "test" : undefined;
}

/**
 * By the rules of the corpus, but for one: there, a file that is named like an evaluation project is a copy of it and
 * left out; here it may be the project itself. That rule comes last, so only the other part of it is left to apply.
 */
function clean({ path, bytes }: { readonly path: string; readonly bytes: Uint8Array }): Cleaned {
  const cleaned = cleanFile({ path, bytes, declarations: "drop" });
  if (cleaned.kind === "kept" || cleaned.reason !== "vendored") return cleaned;
  return cleanFile({ path: `file${extname(path)}`, bytes, declarations: "drop" });
}

async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const reason = systemErrorCode(error) ?? "unknown reason";
    throw new AppError("input-invalid", `cannot read the folder ${folder} (${reason}); name another one`, {
      cause: error,
    });
  }
}
