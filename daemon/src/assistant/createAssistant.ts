/**
 * Puts the Assistant together: one hot model, the projects that are open with it, the documents' sessions, and the
 * clients who share them. What each part does stands in its own file; here is only who hears of what.
 */

import type { Settings } from "@ouroboros/configs";
import { codeOf } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import type { Log } from "../base/log.js";
import type { Learning } from "../learning/learning.js";
import type { LoadedModel } from "../models/loadedModel.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { DaemonState } from "../protocol/state.js";
import type { Project } from "../store/project.js";
import type { Assistant, ClientListener } from "./assistant.js";
import { createClient, type Shared } from "./client.js";
import { createGivenCompletions } from "./givenCompletions.js";
import { ModelSlot } from "./modelSlot.js";
import { createOpenProjects } from "./openProjects.js";
import { type CorrectionPhase, createProjectLearning, type ProjectLearning } from "./projectLearning.js";
import { ProjectResolver } from "./projectResolver.js";
import { ServedModel } from "./servedModel.js";
import { TaughtFiles } from "./taughtFiles.js";

export interface AssistantOptions {
  readonly version: string;
  /** Of the data home; also the project of what belongs to no folder. */
  readonly homeFolder: string;
  readonly settings: Settings;
  /** The model that is chosen when it is called. */
  readonly load: (signal: AbortSignal) => Promise<LoadedModel>;
  readonly join: (project: Project, loaded: LoadedModel) => Promise<Learning>;
  /** Sentences about what was found wrong outside of any project. */
  readonly notices: () => readonly string[];
  /** Starts watching; the result stops it. */
  readonly watch: (listener: {
    readonly onSaved: (path: string, text: string) => void;
    readonly onProblem: (error: unknown) => void;
  }) => { close(): Promise<void> };
  /** Gives back what the options' makers hold: the journal. */
  readonly release: () => Promise<void>;
  readonly log: Log;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** See `projectLearning.ts`. */
  readonly onPhase?: (phase: CorrectionPhase, correctionId: string) => void;
}

/** A window or command is one client; more are a program gone wrong. */
const CLIENTS_MAX = 256;

interface Connected {
  readonly listener: ClientListener;
  /** Ids of the projects that it has named a file or folder of. */
  readonly projects: Set<string>;
}

export function createAssistant(options: AssistantOptions): Assistant {
  const { settings, log, nowMs } = options;
  const connected = new Set<Connected>();
  let isPaused = false;
  let isClosed = false;
  let isTelling = false;
  let clientsEver = 0;

  /** Many things change at once; a client is told once of all of them. */
  const changed = () => {
    if (isTelling) return;
    isTelling = true;
    setImmediate(() => {
      isTelling = false;
      for (const each of connected) each.listener.onState(stateFor(each));
    });
  };
  const onLearned = (event: DidLearn) => {
    for (const { projects, listener } of connected) {
      if (projects.has(event.project.id)) listener.onLearned(event);
    }
  };
  const lineOf = (project: Project, learning: Learning) =>
    createProjectLearning({
      project,
      learning,
      isPaused,
      onLearned,
      onChange: changed,
      onPhase(phase, correctionId) {
        log.debug({ correctionId, phase }, "correction");
        options.onPhase?.(phase, correctionId);
      },
      log,
    });
  const taughtFiles = new TaughtFiles({ log, onChange: changed });
  const teachFiles = (line: ProjectLearning, { tokenizer }: LoadedModel) => {
    taughtFiles.teach(line, tokenizer).catch((error: unknown) => {
      // Its model was let go: the next one is taught when the project is opened with it.
      if (codeOf(error) !== "learning-closed") taughtFiles.failed(error);
    });
  };
  const serve = (loaded: LoadedModel, after: Promise<void>) => {
    const projects = createOpenProjects({
      async join(project) {
        await after;
        return options.join(project, loaded);
      },
      lineOf,
      onOpened(line) {
        changed();
        line.wake();
        teachFiles(line, loaded);
      },
    });
    const { weights, bytes, info } = loaded.model;
    log.info({ weights, bytes, parameters: info.parameters }, "model loaded");
    return new ServedModel({ loaded, projects });
  };
  const model = new ModelSlot({ load: options.load, serve, onChange: changed, nowMs });
  const lines = () => model.served?.projects.lines ?? [];
  const watching = options.watch({
    onSaved(path, text) {
      taughtFiles.saved(path, text);
      if (!model.served) return;
      for (const line of lines()) teachFiles(line, model.served.loaded);
    },
    onProblem: (error) => taughtFiles.failed(error),
  });

  function stateFor(each: Connected): DaemonState {
    const visible = lines().filter((line) => each.projects.has(line.project.id));
    return {
      version: options.version,
      pid: process.pid,
      home: options.homeFolder,
      model: model.state,
      projects: visible.map((line) => ({
        id: line.project.id,
        name: line.project.name,
        folder: line.project.folder,
        adapterVersion: line.learning.currentAdapter().version,
        learned: line.learning.learnedCount(),
        learning: line.state,
      })),
      notices: [
        ...options.notices(),
        ...model.notices,
        ...(model.served?.projects.notices ?? []),
        ...taughtFiles.problems,
      ],
    };
  }

  const shared: Shared = {
    settings,
    log,
    nowMs,
    model,
    given: createGivenCompletions(),
    resolver: new ProjectResolver({ homeFolder: options.homeFolder, nowMs }),
    setPaused(next) {
      isPaused = next;
      for (const line of lines()) line.setPaused(next);
      log.info({ isPaused }, "learning paused or resumed");
    },
  };

  return {
    connect(listener) {
      if (isClosed) throw new AppError("client-closed", "the daemon is stopping; try again in a moment");
      if (connected.size >= CLIENTS_MAX) {
        throw new AppError("client-closed", `${CLIENTS_MAX} clients are connected; close some first`);
      }
      const entry: Connected = { listener, projects: new Set() };
      connected.add(entry);
      return createClient(shared, {
        key: String(++clientsEver),
        see(project) {
          if (entry.projects.has(project.id)) return;
          entry.projects.add(project.id);
          changed();
        },
        state: () => stateFor(entry),
        onClose: () => connected.delete(entry),
      });
    },
    get clients() {
      return connected.size;
    },
    async changeModel() {
      try {
        await model.change();
      } catch (error) {
        log.warn({ code: codeOf(error) }, "the model that was chosen cannot be loaded");
        throw error;
      }
      return model.state;
    },
    unload: () => model.unload(),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await watching.close();
      await model.unload();
      await options.release();
      connected.clear();
    },
  };
}
