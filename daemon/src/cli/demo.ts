/**
 * The demo's story, apart from the command that tells it: complete, be corrected, learn, complete again, undo. Works
 * in a scratch home and project; whether each step came out as promised is checked, not assumed.
 */

import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { complete } from "../completion/complete.js";
import { type LoadedModel, openModel, openProject, openWorkplace } from "../compose.js";
import type { LearningProgress } from "../learning/context.js";
import type { CorrectOutcome, Learning, UndoOutcome } from "../learning/learning.js";
import { GREEDY } from "../learning/proof.js";
import { embeddedModelPath } from "../modelFiles.js";
import { correctionPrompt } from "../prompt/correctionPrompt.js";

export interface DemoPlace {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** A completion of the demo is one line. */
const STOP = "\n";
const TOKENS_MAX = 40;

export interface DemoSession {
  readonly loaded: LoadedModel;
  complete(place: DemoPlace, onText: (text: string) => void): Promise<string>;
  teach(
    lesson: { readonly place: DemoPlace; readonly rejected: string; readonly wanted: string },
    onProgress: (progress: LearningProgress) => void,
  ): Promise<CorrectOutcome>;
  undo(): Promise<UndoOutcome>;
  /** Everything in the scratch home, relative to it, with sizes in bytes. */
  written(): Promise<readonly WrittenFile[]>;
}

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
}

/** Runs `tell` with the embedded model and a project that has learned nothing; removes every trace afterwards. */
export async function withDemoSession<Result>(options: {
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
  readonly tell: (session: DemoSession) => Promise<Result>;
}): Promise<Result> {
  const { threads, signal, tell } = options;
  const scratch = await mkdtemp(join(tmpdir(), "ouro-demo-"));
  try {
    const home = join(scratch, "home");
    const projectFolder = join(scratch, "demo-project");
    await mkdir(projectFolder);
    const workplace = await openWorkplace({ homeFolder: home, projectFolder });
    const choice = { model: embeddedModelPath(), threads };
    const loaded = await openModel({ workplace, choice, signal });
    try {
      const learning = await openProject({ workplace, loaded });
      try {
        return await tell(sessionOf({ loaded, learning, home, signal }));
      } finally {
        await learning.close();
      }
    } finally {
      loaded.engine.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function sessionOf(parts: {
  readonly loaded: LoadedModel;
  readonly learning: Learning;
  readonly home: string;
  readonly signal: AbortSignal;
}): DemoSession {
  const { loaded, learning, home, signal } = parts;
  const { model, tokenizer } = loaded;
  return {
    loaded,
    async complete(place, onText) {
      const completion = await complete({
        model,
        tokenizer,
        adapter: learning.currentAdapter().adapter,
        adapterScope: "boundary",
        place,
        sampling: GREEDY,
        tokensMax: TOKENS_MAX,
        stop: STOP,
        signal,
        onText,
      });
      signal.throwIfAborted();
      return completion.kind === "finished" ? completion.text : "";
    },
    async teach({ place, rejected, wanted }, onProgress) {
      const taught = correctionPrompt({ tokenizer, ...place, rejected, wanted, stop: STOP });
      return learning.correct({ source: "teach", ...taught }, { signal, onProgress });
    },
    undo: () => learning.undo({}, { signal }),
    written: () => filesUnder(home),
  };
}

async function filesUnder(folder: string): Promise<readonly WrittenFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.sort().map(async (file) => ({
      path: relative(folder, file).split(sep).join("/"),
      bytes: (await stat(file)).size,
    })),
  );
}
