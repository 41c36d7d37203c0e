/**
 * The Assistant in this process: one hot model, the projects that are open with it, the files that teach them, and the
 * clients who share all this. What each part does stands in its own file; here is only who hears of what.
 */

import type { Settings } from "@ouroboros/configs";
import { codeOf, errorMessage } from "../base/errorMessage.js";
import { AppError } from "../base/errors.js";
import type { Log } from "../base/log.js";
import type { Show } from "../learning/context.js";
import type { LearnedList, Learning, LearningView } from "../learning/learning.js";
import type { LoadedModel } from "../models/loadedModel.js";
import type { ModelIdentity } from "../models/modelIdentity.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { ServedModelAnswer } from "../protocol/routes.js";
import type { DaemonState, HeldMemory, ModelState, ProjectState } from "../protocol/state.js";
import type { Project } from "../store/project.js";
import type { Assistant, Client, ClientListener } from "./assistant.js";
import { createGivenCompletions } from "./givenCompletions.js";
import { LocalClient, type Shared } from "./localClient.js";
import { Memory } from "./memory.js";
import { ModelSlot } from "./modelSlot.js";
import { OpenProjects } from "./openProjects.js";
import { type CorrectionPhase, ProjectLearning } from "./projectLearning.js";
import { ProjectResolver } from "./projectResolver.js";
import { ServedModel } from "./servedModel.js";
import { showOf } from "./shownLessons.js";
import { TaughtFiles } from "./taughtFiles.js";

export interface AssistantOptions {
  readonly version: string;
  /** The data home; also the project of what belongs to no folder. */
  readonly homeFolder: string;
  readonly settings: Settings;
  /** Loads the model that is chosen when it is called. */
  readonly load: (signal: AbortSignal) => Promise<LoadedModel>;
  readonly join: (project: Project, loaded: LoadedModel, show: Show) => Promise<Learning>;
  /** What the project has taught this model, without the right to change it. */
  readonly view: (project: Project, loaded: LoadedModel) => Promise<LearningView>;
  /** The same without a model at hand. */
  readonly list: (project: Project, model: ModelIdentity) => Promise<LearnedList>;
  /** Names the model that is chosen when it is called; loads nothing. */
  readonly identify: () => Promise<ServedModelAnswer>;
  /** Sentences about what was found wrong outside of any project. */
  readonly notices: () => readonly string[];
  /** The same about what was chosen or taught and is not in use. */
  readonly losses: () => readonly string[];
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
  /** Ids of the projects that this client has named a file or folder of. */
  readonly projects: Set<string>;
}

export class LocalAssistant implements Assistant {
  readonly #options: AssistantOptions;
  readonly #model: ModelSlot;
  readonly #taughtFiles: TaughtFiles;
  readonly #watching: ReturnType<AssistantOptions["watch"]>;
  readonly #shared: Shared;
  readonly #connected = new Set<Connected>();
  readonly #warnings: string[] = [];
  readonly #memory: Memory;
  #clientsEver = 0;
  #isPaused = false;
  #isTelling = false;
  #isClosed = false;

  constructor(options: AssistantOptions) {
    const { settings, homeFolder, log, nowMs, load } = options;
    const onChange = () => this.#tellState();
    this.#options = options;
    this.#taughtFiles = new TaughtFiles({ log, onChange });
    this.#model = new ModelSlot({
      load,
      serve: (loaded, after) => this.#serve(loaded, after),
      onChange,
      nowMs,
    });
    this.#shared = {
      settings,
      log,
      nowMs,
      model: this.#model,
      given: createGivenCompletions(),
      resolver: new ProjectResolver({ homeFolder, nowMs }),
      setPaused: (isPaused) => this.#setPaused(isPaused),
      view: options.view,
      list: async (project) => options.list(project, await this.servedModel()),
    };
    this.#memory = new Memory({
      served: () => this.#model.served,
      given: this.#shared.given,
      isNamed: (projectId) => this.#isNamed(projectId),
      clients: () => this.#connected.size,
      log,
      nowMs,
    });
    this.#watching = options.watch({
      onSaved: (path, text) => this.#fileSaved(path, text),
      onProblem: (error) => this.#taughtFiles.failed(error),
    });
  }

  connect(listener: ClientListener): Client {
    if (this.#isClosed) throw new AppError("client-closed", "the daemon is stopping; try again in a moment");
    if (this.#connected.size >= CLIENTS_MAX) {
      throw new AppError("client-closed", `${CLIENTS_MAX} clients are connected; close some first`);
    }
    const client: Connected = { listener, projects: new Set() };
    this.#connected.add(client);
    return new LocalClient(this.#shared, {
      key: String(++this.#clientsEver),
      see: (project) => {
        if (client.projects.has(project.id)) return;
        client.projects.add(project.id);
        this.#tellState();
      },
      state: () => this.#stateFor(client),
      onClose: () => this.#connected.delete(client),
    });
  }

  get clients(): number {
    return this.#connected.size;
  }

  async changeModel(): Promise<ModelState> {
    try {
      await this.#model.change();
    } catch (error) {
      this.#options.log.warn({ code: codeOf(error) }, "the model that was chosen cannot be loaded");
      throw error;
    }
    return this.#model.state;
  }

  async servedModel(): Promise<ServedModelAnswer> {
    const { served } = this.#model;
    if (!served) return this.#options.identify();
    const { model, tokenizer } = served.loaded;
    return { hash: model.info.hash, vocabularyHash: tokenizer.hash, weights: model.weights };
  }

  warn(sentence: string): void {
    this.#warnings.push(sentence);
    this.#tellState();
  }

  memory(): HeldMemory[] {
    return this.#memory.held();
  }

  unload(): Promise<void> {
    return this.#model.unload();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#watching.close();
    await this.#memory.close();
    await this.#model.unload();
    await this.#options.release();
    this.#connected.clear();
  }

  #serve(loaded: LoadedModel, after: Promise<void>): ServedModel {
    const { log, join } = this.#options;
    const show = showOf(loaded);
    const projects = new OpenProjects({
      async join(project) {
        await after;
        return join(project, loaded, show);
      },
      begin: (project, learning) => this.#projectLearning(project, learning),
      onFailed: ({ project, error }) => {
        log.error({ project: project.id, code: codeOf(error) }, "learning cannot be opened");
        this.#tellState();
      },
      bytesOf: (learning) => {
        const { adapter } = learning.currentAdapter();
        return adapter ? loaded.model.bytesOf(adapter) : 0;
      },
      nowMs: this.#options.nowMs,
      onOpened: (opened) => {
        this.#tellState();
        opened.wake();
        this.#teachFiles(opened, loaded);
      },
    });
    const { weights, bytes, info } = loaded.model;
    log.info({ weights, bytes, parameters: info.parameters }, "model loaded");
    return new ServedModel({ loaded, projects, nowMs: this.#options.nowMs });
  }

  #projectLearning(project: Project, learning: Learning): ProjectLearning {
    const { log, onPhase } = this.#options;
    return new ProjectLearning({
      project,
      learning,
      isPaused: this.#isPaused,
      onLearned: (event) => this.#tellLearned(event),
      onChange: () => this.#tellState(),
      onPhase(phase, correctionId) {
        log.debug({ correctionId, phase }, "correction");
        onPhase?.(phase, correctionId);
      },
      log,
    });
  }

  get #openProjects(): readonly ProjectLearning[] {
    return this.#model.served?.projects.all ?? [];
  }

  /** Whose file no longer holds what answers, so that nothing can be learned with it: said once, not by each project. */
  get #changedFiles(): readonly string[] {
    const states = this.#openProjects.map(({ state }) => state);
    const changed = states.flatMap((state) =>
      state.kind === "failed" && state.code === "changed" ? [state.message] : [],
    );
    return [...new Set(changed)];
  }

  /** By a client that is connected. */
  #isNamed(projectId: string): boolean {
    return [...this.#connected].some(({ projects }) => projects.has(projectId));
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    for (const each of this.#openProjects) each.setPaused(isPaused);
    this.#options.log.info({ isPaused }, "learning paused or resumed");
  }

  #fileSaved(path: string, text: string): void {
    this.#taughtFiles.saved(path, text);
    const { served } = this.#model;
    if (!served) return;
    for (const each of this.#openProjects) this.#teachFiles(each, served.loaded);
    // Opened anew they are taught; what cannot be opened is told of.
    for (const { project } of served.projects.resting) {
      if (this.#isNamed(project.id)) served.projects.open(project).catch(() => undefined);
    }
  }

  #teachFiles(opened: ProjectLearning, { tokenizer }: LoadedModel): void {
    this.#taughtFiles.teach(opened, tokenizer).catch((error: unknown) => {
      // Its model was let go: the next one is taught when the project is opened with it.
      if (codeOf(error) !== "learning-closed") this.#taughtFiles.failed(error);
    });
  }

  /** Many things change at once; a client is told once of all of them. */
  #tellState(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      for (const client of this.#connected) client.listener.onState(this.#stateFor(client));
    });
  }

  #tellLearned(event: DidLearn): void {
    for (const { projects, listener } of this.#connected) {
      if (projects.has(event.project.id)) listener.onLearned(event);
    }
  }

  /** One that rests has nothing to learn; whether it would is as it is for all. */
  #restingState(shown: ProjectState): ProjectState {
    return { ...shown, learning: this.#isPaused ? { kind: "paused", waiting: 0 } : { kind: "idle" } };
  }

  #stateFor({ projects }: Connected): DaemonState {
    const { version, homeFolder, notices } = this.#options;
    const losses = this.#losses();
    const visible = this.#openProjects.filter((each) => projects.has(each.project.id));
    const resting =
      this.#model.served?.projects.resting.filter((each) => projects.has(each.project.id)) ?? [];
    const failed = this.#model.served?.projects.failed.filter((each) => projects.has(each.project.id)) ?? [];
    return {
      version,
      pid: process.pid,
      home: homeFolder,
      model: this.#model.state,
      projects: [
        ...visible.map(({ shown }) => shown),
        ...resting.map(({ shown }) => this.#restingState(shown)),
        ...failed.map(({ project, error }) => unopenedState(project, error)),
      ],
      notices: [...this.#warnings, ...notices(), ...losses, ...this.#taughtFiles.problems],
      ...(losses.length > 0 && { losses }),
    };
  }

  #losses(): string[] {
    return [
      ...this.#options.losses(),
      ...this.#model.notices,
      ...this.#changedFiles,
      ...(this.#model.served?.projects.notices ?? []),
    ];
  }
}

function unopenedState(project: Project, error: unknown): ProjectState {
  const message = `${errorMessage(error)}; until then the model answers without what it was taught here`;
  const learning = { kind: "failed", code: codeOf(error), message } as const;
  const { id, name, folder } = project;
  return { id, name, folder, adapterVersion: 0, learned: 0, learning };
}
