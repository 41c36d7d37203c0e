/**
 * Files by which people teach (sft.org): what a save adds or changes is kept as corrections of every open project, and
 * learned when nobody's own correction waits. Which lessons a project has had is the journal's to say: a lesson's id
 * names its content, so nothing is taught twice, and what a crash interrupted is taught at the next start.
 */

import { codeOf, errorMessage } from "../base/errorMessage.js";
import type { Log } from "../base/log.js";
import { parseOrg } from "../data/org/parseOrg.js";
import type { Tokenizer } from "../engine/engine.js";
import type { Lesson } from "../lessons/lesson.js";
import { lessonsOf } from "../lessons/orgLessons.js";
import type { ProjectLearning } from "./projectLearning.js";

export interface TaughtFiles {
  /** The file at `path` was saved, or found when the daemon started. */
  saved(path: string, text: string): void;
  /** A file cannot be read, or its lessons not be kept; until the next save. */
  failed(error: unknown): void;
  /** Keeps what `line` has not had yet. Does not wait for training. */
  teach(line: ProjectLearning, tokenizer: Tokenizer): Promise<void>;
  /** One sentence for each thing that is wrong in the files now. */
  readonly problems: readonly string[];
}

/** Of one file; a person mends them one by one. */
const PROBLEMS_SHOWN_MAX = 5;

export function createTaughtFiles({ log, onChange }: { log: Log; onChange: () => void }): TaughtFiles {
  const texts = new Map<string, string>();
  /** By file; under the empty name what is not about a file's content. */
  const problems = new Map<string, readonly string[]>();
  const note = (path: string, errors: readonly unknown[]) => {
    for (const error of errors) log.warn({ code: codeOf(error) }, "a taught file has a mistake");
    problems.set(path, errors.slice(0, PROBLEMS_SHOWN_MAX).map(errorMessage));
    onChange();
  };
  const lessonsIn = (path: string, text: string, tokenizer: Tokenizer): readonly Lesson[] => {
    try {
      const found = lessonsOf(parseOrg({ text, path }), tokenizer);
      note(path, found.problems);
      return found.lessons;
    } catch (error) {
      note(path, [error]);
      return [];
    }
  };
  return {
    saved(path, text) {
      problems.delete("");
      texts.set(path, text);
    },
    failed: (error) => note("", [error]),
    async teach(line, tokenizer) {
      for (const [path, text] of texts) {
        for (const { id, line: _line, ...lesson } of lessonsIn(path, text, tokenizer)) {
          if (line.learning.find(id)) continue;
          await line.keep({ teaching: { source: "org", ...lesson }, id, origin: "org" });
        }
      }
    },
    get problems() {
      return [...problems.values()].flat();
    },
  };
}
