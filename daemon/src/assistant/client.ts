/** One client's view of the Assistant: finds the project of each request, and lets the parts do the rest. */

import type { Settings } from "@ouroboros/configs";
import { codeOf } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import { excerpt } from "../base/excerpt.js";
import type { Log } from "../base/log.js";
import type { LoadedAdapter } from "../learning/context.js";
import type { LearnedList, LearningView } from "../learning/learning.js";
import type { LoadedModel } from "../models/loadedModel.js";
import type { UndoResult } from "../protocol/corrections.js";
import type { DaemonState } from "../protocol/state.js";
import type { Project } from "../store/project.js";
import { askedLesson } from "./askedLesson.js";
import type { Client, Where } from "./assistant.js";
import { chat } from "./chats.js";
import { Completions } from "./completions.js";
import { draft } from "./drafts.js";
import type { GivenCompletions } from "./givenCompletions.js";
import { learnedInFull } from "./learnedInFull.js";
import type { ModelSlot } from "./modelSlot.js";
import type { ProjectLearning } from "./projectLearning.js";
import type { ProjectResolver } from "./projectResolver.js";
import type { ServedModel } from "./servedModel.js";

/** What all clients have in common. */
export interface Shared {
  readonly settings: Settings;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly model: ModelSlot;
  readonly given: GivenCompletions;
  readonly resolver: ProjectResolver;
  readonly setPaused: (isPaused: boolean) => void;
  /** See `AssistantOptions`. */
  readonly view: (project: Project, loaded: LoadedModel) => Promise<LearningView>;
  readonly list: (project: Project) => Promise<LearnedList>;
}

/** What is this client's alone. */
export interface Lease {
  /** No other client has it. */
  readonly key: string;
  /** From now on it hears of this project. */
  readonly see: (project: Project) => void;
  readonly state: () => DaemonState;
  readonly onClose: () => void;
}

export function createClient(shared: Shared, lease: Lease): Client {
  const { settings, log, nowMs, model, given, resolver } = shared;
  // Two clients may hold different texts of one document.
  const keyOf = (name: string) => `${lease.key} ${name}`;
  const closed = new AbortController();
  const mustBeOpen = () => {
    if (closed.signal.aborted) throw new AppError("client-closed", "this client has gone");
  };
  const completions = new Completions({ settings, log, nowMs, given });

  const lineOf = async (project: Project, { projects }: ServedModel): Promise<ProjectLearning> => {
    lease.see(project);
    return projects.open(project);
  };
  /** Where learning cannot be opened the base answers: what is wrong with it must not disturb typing. */
  const adapterOf = async (project: Project, served: ServedModel): Promise<LoadedAdapter> => {
    try {
      return (await lineOf(project, served)).learning.currentAdapter();
    } catch (error) {
      if (codeOf(error) === "learning-closed") throw error;
      log.error({ project: project.id, code: codeOf(error) }, "learning cannot be opened");
      return { version: 0 };
    }
  };
  const openLine = (project: Project): ProjectLearning | undefined =>
    model.served?.projects.lines.find((line) => line.project.id === project.id);
  const onLineAt = async <T>(where: Where, work: (line: ProjectLearning) => T | Promise<T>): Promise<T> => {
    mustBeOpen();
    const { project } = await resolver.placeOf(where);
    return model.use(async (served) => work(await lineOf(project, served)));
  };

  return {
    async complete(request) {
      mustBeOpen();
      return model.use(async (served) => {
        const place = await resolver.placeOf(request.where);
        const current = await adapterOf(place.project, served);
        const session = served.sessions.sessionOf(keyOf(request.sessionKey));
        return completions.answer(request, { loaded: served.loaded, place, current, session });
      });
    },
    async draft(request) {
      mustBeOpen();
      return model.use(async ({ loaded }) => {
        const { project, path } = await resolver.placeOf(request.where);
        const view = async () => openLine(project)?.learning ?? shared.view(project, loaded);
        return draft({ request, loaded, path, view });
      });
    },
    async chat(request) {
      mustBeOpen();
      return model.use(async (served) => {
        const { project } = await resolver.placeOf({ file: null, folder: request.folder });
        const current = await adapterOf(project, served);
        const session = served.sessions.sessionOf(keyOf("chat"));
        return chat({ request, loaded: served.loaded, session, current, settings, nowMs });
      });
    },
    suggestionEvent(event) {
      completions.settle(event);
      log.debug({ completionId: event.completionId, event: event.event.kind }, "suggestion");
    },
    completionText: (completionId) => given.get(completionId)?.text,
    async correct(request, hooks) {
      mustBeOpen();
      return model.use(async (served) => {
        const { loaded } = served;
        const { project, ...asked } = await askedLesson({ request, loaded, given, resolver });
        const line = await lineOf(project, served);
        return line.keep({ ...asked, ...(hooks && { hooks }) });
      });
    },
    undo: ({ where, ...request }) =>
      onLineAt(where, async (line) => undoResult(line, await line.undo(request))),
    async learned(where) {
      mustBeOpen();
      const { project } = await resolver.placeOf(where);
      lease.see(project);
      // Where another process holds the journal it can still be read.
      const line =
        model.served && (await model.use((served) => lineOf(project, served)).catch(() => undefined));
      return learnedInFull(project, line?.learning ?? (await shared.list(project)));
    },
    async state(where) {
      if (where && (where.file !== null || where.folder !== null)) await onLineAt(where, () => undefined);
      return lease.state();
    },
    setPaused: shared.setPaused,
    forget(sessionKey) {
      completions.forget(sessionKey);
      model.served?.sessions.forget(keyOf(sessionKey));
    },
    close() {
      if (closed.signal.aborted) return;
      closed.abort();
      completions.close();
      lease.onClose();
    },
  };
}

function undoResult(line: ProjectLearning, undone: Awaited<ReturnType<ProjectLearning["undo"]>>): UndoResult {
  const { correctionId, current, retrained, lost } = undone;
  const correction = line.learning.find(correctionId)?.correction;
  return {
    correctionId,
    project: { id: line.project.id, name: line.project.name },
    adapterVersion: current.version,
    retrained,
    lost: [...lost],
    rejected: excerpt(correction?.rejected.text ?? ""),
    wanted: excerpt(correction?.wanted.text ?? ""),
  };
}
