/** Who teaches for `ouro teach`: the running daemon, whose model is hot and who holds the journal, else this process. */

import { outcomeOf } from "../assistant/outcome.js";
import { complete } from "../completion/complete.js";
import { type LoadedModel, openModel, openProject, type Workplace } from "../compose.js";
import { GREEDY } from "../engine/greedy.js";
import type { Learning } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import { completionLesson } from "../lessons/correctionLesson.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { HttpClient } from "../transport/http/httpClient.js";
import { type Cli, Interrupted } from "./cli.js";
import { STOP_DEFAULT } from "./completeCommand.js";
import type { ModelOptions } from "./options.js";
import { runningDaemon } from "./runningDaemon.js";
import { showLearning } from "./showLearning.js";
import type { CodePlace } from "./textInput.js";

/** A completion that is corrected is at most a screenful. */
const WRITTEN_TOKENS_MAX = 128;

export interface Teacher {
  /** What the model writes at the place now. */
  write(): Promise<string>;
  teach(texts: { readonly rejected: string; readonly wanted: string }): Promise<Taught>;
}

export interface Taught extends Pick<DidLearn, "correctionId" | "outcome"> {
  /** Smallest lead of a taught token after the last step; null where none was needed. */
  readonly marginAfter: number | null;
}

export async function withTeacher<Result>(run: {
  readonly cli: Cli;
  readonly options: ModelOptions;
  readonly workplace: Workplace;
  readonly place: CodePlace;
  readonly use: (teacher: Teacher) => Promise<Result>;
}): Promise<Result> {
  const { cli, options, workplace, place, use } = run;
  const daemon = await runningDaemon(cli, options);
  if (daemon) return use(remoteTeacher({ cli, daemon, folder: workplace.project.folder, place }));
  const loaded = await openModel({ workplace, choice: options, signal: cli.signal });
  try {
    const learning = await openProject({ workplace, loaded });
    try {
      for (const notice of learning.notices) cli.note(`ouro: ${describeNotice(notice)}`);
      return await use(localTeacher({ cli, loaded, learning, place }));
    } finally {
      await learning.close();
    }
  } finally {
    loaded.engine.close();
  }
}

function remoteTeacher(parts: {
  readonly cli: Cli;
  readonly daemon: HttpClient;
  readonly folder: string;
  readonly place: CodePlace;
}): Teacher {
  const { cli, daemon, folder, place } = parts;
  const { signal } = cli;
  return {
    async write() {
      const answer = await daemon.complete({ folder, ...place }, signal);
      return answer.kind === "proposed" ? answer.text : "";
    },
    async teach(texts) {
      let marginAfter: number | null = null;
      let keptId: string | undefined;
      let learned: DidLearn | undefined;
      try {
        await daemon.teach(
          { folder, ...place, ...texts },
          {
            signal,
            onEvent(event) {
              if (event.kind === "kept") keptId = event.correctionId;
              if (event.kind === "learned") learned = event.learned;
              if (event.kind !== "step") return;
              marginAfter = event.margin;
              showLearning(cli, { ...event, purpose: "new", index: 1, count: 1 });
            },
          },
        );
      } catch (error) {
        if (signal.aborted && keptId === undefined) throw stopped(undefined);
        if (signal.aborted)
          throw new Interrupted(`Stopped; the daemon goes on learning correction ${keptId}.`);
        throw error;
      }
      if (!learned) throw new TypeError("the daemon ended a lesson without a result");
      return { ...learned, marginAfter };
    },
  };
}

function localTeacher(parts: {
  readonly cli: Cli;
  readonly loaded: LoadedModel;
  readonly learning: Learning;
  readonly place: CodePlace;
}): Teacher {
  const { cli, loaded, learning, place } = parts;
  const { model, tokenizer, form } = loaded;
  return {
    async write() {
      const completion = await complete({
        model,
        tokenizer,
        adapter: learning.currentAdapter().adapter,
        prompt: completionPrompt({ tokenizer, ...place, form }),
        adapterScope: "boundary",
        sampling: GREEDY,
        tokensMax: WRITTEN_TOKENS_MAX,
        stop: STOP_DEFAULT,
        signal: cli.signal,
      });
      if (completion.kind === "cancelled") throw stopped(undefined);
      return completion.text;
    },
    async teach(texts) {
      const prompt = completionPrompt({ tokenizer, ...place, form });
      const lesson = completionLesson({ tokenizer, prompt, source: "teach", ...texts, stop: STOP_DEFAULT });
      const outcome = await learning.correct(lesson, {
        signal: cli.signal,
        onProgress: (progress) => showLearning(cli, progress),
      });
      const { correctionId } = outcome;
      if (outcome.kind === "cancelled") throw stopped(correctionId);
      return { correctionId, outcome: outcomeOf(outcome), marginAfter: outcome.trained.marginAfter };
    },
  };
}

function stopped(keptId: string | undefined): Interrupted {
  return new Interrupted(
    keptId === undefined
      ? "Stopped; nothing was changed."
      : `Stopped; the correction ${keptId} is kept and will be learned with the next one.`,
  );
}
