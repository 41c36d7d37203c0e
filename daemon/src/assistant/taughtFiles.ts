/**
 * Files by which people teach (sft.org): what a save adds or changes is kept as corrections of every open project, and
 * learned when nobody's own correction waits. A save is parsed once, and made into lessons once for each vocabulary;
 * the projects share them. Which lessons a project has had is the journal's to say: a lesson's id names its content, so
 * nothing is taught twice, and what a crash interrupted is taught at the next start.
 */

import { codeOf, errorMessage } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import type { Log } from "../base/log.js";
import { type OrgFile, parseOrg } from "../data/org/parseOrg.js";
import type { Tokenizer } from "../engine/engine.js";
import type { Lesson } from "../lessons/lesson.js";
import { lessonsOf } from "../lessons/orgLessons.js";
import { PLACEHOLDER, screened } from "../lessons/secrets.js";
import type { ProjectLearning } from "./projectLearning.js";

/** Of one file; a person mends them one by one. */
const PROBLEMS_SHOWN_MAX = 5;

interface TaughtFile {
  readonly content: OrgFile;
  /** Made when a project first needs them. */
  readonly lessons: WeakMap<Tokenizer, readonly Lesson[]>;
}

export class TaughtFiles {
  readonly #log: Log;
  readonly #onChange: () => void;
  readonly #files = new Map<string, TaughtFile>();
  /** By file; under the empty name what is not about a file's content. */
  readonly #problems = new Map<string, readonly string[]>();
  /** Of each project the teaching that began last: two at once would keep a lesson twice. */
  readonly #teaching = new WeakMap<ProjectLearning, Promise<void>>();

  constructor({ log, onChange }: { readonly log: Log; readonly onChange: () => void }) {
    this.#log = log;
    this.#onChange = onChange;
  }

  /** One sentence for each thing that is wrong in the files now. */
  get problems(): readonly string[] {
    return [...this.#problems.values()].flat();
  }

  /** The file at `path` was saved, or found when the daemon started. */
  saved(path: string, text: string): void {
    this.#problems.delete("");
    this.#problems.delete(secretsOf(path));
    this.#files.delete(path);
    try {
      this.#files.set(path, { content: parseOrg({ text, path }), lessons: new WeakMap() });
      this.#note(path, []);
    } catch (error) {
      this.#note(path, [error]);
    }
  }

  /** A file cannot be read, or its lessons not be kept; until the next save. */
  failed(error: unknown): void {
    this.#note("", [error]);
  }

  /** Keeps what `project` has not had yet. Does not wait for training. */
  teach(project: ProjectLearning, tokenizer: Tokenizer): Promise<void> {
    const before = this.#teaching.get(project)?.catch(() => undefined);
    const taught = Promise.resolve(before).then(() => this.#keepLessons(project, tokenizer));
    this.#teaching.set(project, taught);
    return taught;
  }

  async #keepLessons(project: ProjectLearning, tokenizer: Tokenizer): Promise<void> {
    for (const [path, file] of this.#files) {
      const refused: AppError[] = [];
      for (const lesson of this.#lessonsIn(path, file, tokenizer)) {
        if (lesson.id !== undefined && project.learning.find(lesson.id) !== undefined) continue;
        const problem = await secretIn(path, lesson);
        if (problem) refused.push(problem);
        else await project.keep({ lesson, origin: "org" });
      }
      if (refused.length > 0) this.#note(secretsOf(path), refused);
    }
  }

  #lessonsIn(path: string, { content, lessons }: TaughtFile, tokenizer: Tokenizer): readonly Lesson[] {
    const known = lessons.get(tokenizer);
    if (known) return known;
    const made = readLessons(content, tokenizer);
    lessons.set(tokenizer, made.lessons);
    this.#note(path, made.problems);
    return made.lessons;
  }

  #note(path: string, errors: readonly unknown[]): void {
    for (const error of errors) this.#log.warn({ code: codeOf(error) }, "a taught file has a mistake");
    this.#problems.set(path, errors.slice(0, PROBLEMS_SHOWN_MAX).map(errorMessage));
    this.#onChange();
  }
}

/** The name under which it is told which samples of a file are left out for what they hold. */
function secretsOf(path: string): string {
  return `${path}: secrets`;
}

async function secretIn(path: string, { line = 0, wanted }: Lesson): Promise<AppError | undefined> {
  try {
    await screened(wanted.text);
    return undefined;
  } catch (error) {
    if (codeOf(error) !== "correction-secret") throw error;
    const message = `${path} line ${line} is not taught, since it seems to hold a secret; write ${PLACEHOLDER} in its place`;
    return new AppError("correction-secret", message, { cause: error });
  }
}

/** Where the file as a whole cannot be taught, that is its one problem. */
function readLessons(
  content: OrgFile,
  tokenizer: Tokenizer,
): { readonly lessons: readonly Lesson[]; readonly problems: readonly unknown[] } {
  try {
    return lessonsOf(content, tokenizer);
  } catch (error) {
    return { lessons: [], problems: [error] };
  }
}
