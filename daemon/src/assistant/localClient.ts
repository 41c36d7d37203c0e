/** One client of the Assistant in this process: finds the project of each request, and lets the parts do the rest. */

import type { Settings } from "@ouroboros/configs";
import { codeOf } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import { excerpt } from "../base/excerpt.js";
import type { Log } from "../base/log.js";
import type { LearnedList, LearningView } from "../learning/learning.js";
import { screened } from "../lessons/secrets.js";
import type { LoadedModel } from "../models/loadedModel.js";
import type { ChatResult } from "../protocol/chat.js";
import type { LearnedInFull, ResetResult, UndoResult } from "../protocol/corrections.js";
import type { DraftAnswer } from "../protocol/routes.js";
import type { DaemonState } from "../protocol/state.js";
import type { SuggestionEvent } from "../protocol/suggestions.js";
import type { Project } from "../store/project.js";
import {
  type AskedLesson,
  type LessonParts,
  lessonOfAnswer,
  lessonOfCompletion,
  lessonOfPlace,
} from "./askedLesson.js";
import type {
  ChatRequest,
  Client,
  CompletionRequest,
  CorrectionHooks,
  DraftRequest,
  KeptCorrection,
  UndoRequest,
  Where,
} from "./assistant.js";
import { chat } from "./chats.js";
import { Completions, type TaughtAdapter } from "./completions.js";
import { draft } from "./drafts.js";
import type { GivenCompletions } from "./givenCompletions.js";
import { learnedInFull, resetResult } from "./learnedInFull.js";
import type { ModelSlot } from "./modelSlot.js";
import type { ProjectLearning } from "./projectLearning.js";
import type { ProjectResolver } from "./projectResolver.js";
import type { ServedModel } from "./servedModel.js";

/** The parts of the Assistant that all its clients use. */
export interface Shared {
  readonly settings: Settings;
  readonly log: Log;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly model: ModelSlot;
  readonly given: GivenCompletions;
  readonly resolver: ProjectResolver;
  readonly setPaused: (isPaused: boolean) => void;
  /** See `AssistantOptions`. */
  readonly view: (project: Project, loaded: LoadedModel) => Promise<LearningView>;
  readonly list: (project: Project) => Promise<LearnedList>;
}

/** The ties of one client to the Assistant, until it is closed. */
interface Lease {
  /** No other client has this one. */
  readonly key: string;
  /** From now on the client hears of this project. */
  readonly see: (project: Project) => void;
  readonly state: () => DaemonState;
  readonly onClose: () => void;
}

export class LocalClient implements Client {
  readonly #shared: Shared;
  readonly #lease: Lease;
  readonly #completions: Completions;
  #isClosed = false;

  constructor(shared: Shared, lease: Lease) {
    this.#shared = shared;
    this.#lease = lease;
    this.#completions = new Completions(shared);
  }

  async complete(request: CompletionRequest): ReturnType<Client["complete"]> {
    return this.#use(async (served) => {
      const place = await this.#shared.resolver.placeOf(request.where);
      const current = await this.#adapterOf(place.project, served);
      const session = served.sessions.sessionOf(this.#keyOf(request.sessionKey));
      return this.#completions.answer(request, { loaded: served.loaded, place, current, session });
    });
  }

  async draft(request: DraftRequest): Promise<DraftAnswer | undefined> {
    const { resolver, nowMs } = this.#shared;
    return this.#use(async ({ loaded, projects }) => {
      const { project, path } = await resolver.surePlaceOf(request.where);
      const open = projects.all.find((each) => each.project.id === project.id);
      const view = async () => open?.learning ?? this.#shared.view(project, loaded);
      return draft({ request, loaded, path, nowMs, view });
    });
  }

  async chat(request: ChatRequest): Promise<ChatResult> {
    const { resolver, settings, nowMs } = this.#shared;
    return this.#use(async (served) => {
      const { project } = await resolver.placeOf(request.where);
      const current = await this.#adapterOf(project, served);
      const session = served.sessions.sessionOf(this.#keyOf("chat"));
      return chat({ request, loaded: served.loaded, session, current, settings, nowMs });
    });
  }

  suggestionEvent(event: SuggestionEvent): void {
    this.#completions.settle(event);
    this.#shared.log.debug({ completionId: event.completionId, event: event.event.kind }, "suggestion");
  }

  completionText(completionId: string): string | undefined {
    return this.#shared.given.get(completionId)?.text;
  }

  async correctCompletion(request: Parameters<Client["correctCompletion"]>[0], hooks?: CorrectionHooks) {
    const wanted = await screened(request.wanted, request.secrets);
    return this.#keep((parts) => lessonOfCompletion(parts, { ...request, wanted }), hooks);
  }

  async correctPlace(request: Parameters<Client["correctPlace"]>[0], hooks?: CorrectionHooks) {
    const { secrets, rejected = "" } = request;
    const said = {
      wanted: await screened(request.wanted, secrets),
      rejected: await screened(rejected, secrets),
    };
    return this.#keep((parts) => lessonOfPlace(parts, { ...request, ...said }), hooks);
  }

  async correctAnswer(request: Parameters<Client["correctAnswer"]>[0], hooks?: CorrectionHooks) {
    const wanted = await screened(request.wanted, request.secrets);
    return this.#keep((parts) => lessonOfAnswer(parts, { ...request, wanted }), hooks);
  }

  #keep(
    ask: (parts: LessonParts) => AskedLesson | Promise<AskedLesson>,
    hooks: CorrectionHooks | undefined,
  ): Promise<KeptCorrection> {
    const { given, resolver } = this.#shared;
    return this.#use(async (served) => {
      const { project, ...asked } = await ask({ loaded: served.loaded, given, resolver });
      const learning = await this.#learningOf(project, served);
      return learning.keep({ ...asked, ...(hooks && { hooks }) });
    });
  }

  async undo({ where, ...request }: UndoRequest): Promise<UndoResult> {
    return this.#learningAt(where, async (learning) => undoResult(learning, await learning.undo(request)));
  }

  async reset({ where, action }: Parameters<Client["reset"]>[0]): Promise<ResetResult> {
    return this.#learningAt(where, async (learning) =>
      resetResult(learning.project, learning.learning, await learning.reset(action)),
    );
  }

  async learned(where: Where): Promise<LearnedInFull> {
    this.#mustBeOpen();
    const { model, resolver, list } = this.#shared;
    const { project } = await resolver.surePlaceOf(where);
    this.#lease.see(project);
    // Where another process holds the journal it can still be read.
    const open =
      model.served && (await model.use((served) => this.#learningOf(project, served)).catch(() => undefined));
    return learnedInFull(project, open?.learning ?? (await list(project)));
  }

  /** Where the model or the project's learning cannot be opened, the state tells why. */
  async state(where?: Where): Promise<DaemonState> {
    if (where && (where.file !== null || where.folder !== null || where.among !== undefined)) {
      await this.#openProjectAt(where).catch(() => this.#mustBeOpen());
    }
    return this.#lease.state();
  }

  setPaused(isPaused: boolean): void {
    this.#shared.setPaused(isPaused);
  }

  forget(sessionKey: string): void {
    this.#completions.forget(sessionKey);
    this.#shared.model.served?.sessions.forget(this.#keyOf(sessionKey));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#completions.close();
    this.#shared.model.served?.sessions.forgetWhere((key) => key.startsWith(this.#keyOf("")));
    this.#lease.onClose();
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new AppError("client-closed", "this client has gone");
  }

  #use<T>(work: (served: ServedModel) => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    return this.#shared.model.use(work);
  }

  /** None, where it would be a guess. */
  async #openProjectAt(where: Where): Promise<void> {
    const { project } = await this.#shared.resolver.placeOf(where);
    if (project) await this.#use((served) => this.#learningOf(project, served));
  }

  async #learningAt<T>(where: Where, work: (learning: ProjectLearning) => T | Promise<T>): Promise<T> {
    this.#mustBeOpen();
    const { project } = await this.#shared.resolver.surePlaceOf(where);
    return this.#shared.model.use(async (served) => work(await this.#learningOf(project, served)));
  }

  async #learningOf(project: Project, { projects }: ServedModel): Promise<ProjectLearning> {
    this.#lease.see(project);
    return projects.open(project);
  }

  /**
   * Where no project is known the base answers: what one was taught is shown in no other. So it does where learning
   * cannot be opened, and the state says so: typing must not be disturbed.
   */
  async #adapterOf(project: Project | undefined, { projects }: ServedModel): Promise<TaughtAdapter> {
    if (project === undefined) return { version: 0, taught: [] };
    this.#lease.see(project);
    try {
      const { learning } = await projects.openUnlessFailing(project);
      return { ...learning.currentAdapter(), taught: learning.taughtTexts() };
    } catch (error) {
      if (codeOf(error) === "learning-closed") throw error;
      return { version: 0, taught: [] };
    }
  }

  /** Two clients may hold different texts of one document. */
  #keyOf(name: string): string {
    return `${this.#lease.key} ${name}`;
  }
}

function undoResult(
  { project, learning }: ProjectLearning,
  undone: Awaited<ReturnType<ProjectLearning["undo"]>>,
): UndoResult {
  const { correctionId, current, retrained, lost, restored } = undone;
  const correction = learning.find(correctionId)?.correction;
  return {
    correctionId,
    project: { id: project.id, name: project.name },
    adapterVersion: current.version,
    retrained,
    lost: [...lost],
    restored: [...restored],
    rejected: excerpt(correction?.rejected.text ?? ""),
    wanted: excerpt(correction?.wanted.text ?? ""),
  };
}
