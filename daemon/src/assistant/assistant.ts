/**
 * The Assistant: everything a client may ask of the running daemon, in no protocol's words. The transports (`lspServer`,
 * `httpServer`) translate to and from it; `localAssistant.ts` puts it together.
 */

import type { Sampling } from "../engine/engine.js";
import type { LearningProgress } from "../learning/context.js";
import type { ChatResult } from "../protocol/chat.js";
import type {
  CorrectResult,
  DidLearn,
  LearnedInFull,
  ResetAction,
  ResetResult,
  SecretsAnswer,
  UndoResult,
} from "../protocol/corrections.js";
import type { DraftAnswer, ServedModelAnswer } from "../protocol/routes.js";
import type { DaemonState, HeldMemory, ModelState } from "../protocol/state.js";
import type { Completion, SuggestionEvent } from "../protocol/suggestions.js";
import type { ChatTurn } from "../protocol/turns.js";

/** Where something happens; decides its Project: the file's git root, else the folder, else the file's own folder. */
export interface Where {
  /** Absolute path; null: a document that is no file. */
  readonly file: string | null;
  /** Absolute path of the folder that the client has open; null: none. */
  readonly folder: string | null;
  /**
   * The open folders where `folder` cannot say which: of a file outside of all by its name, links may lead into one; of
   * what is no file, the project is known only if all of these belong to one. Empty: it lies in none of this machine's.
   */
  readonly among?: readonly string[];
  /** Of a document that is known by its name alone (`file` is null): its path within the project. */
  readonly path?: string;
  /** LSP's id of the document's language: speaks where the name does not. */
  readonly language?: string;
}

/** A cursor in a document. */
export interface Cursor {
  readonly where: Where;
  /** Document text before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  /** Number of the cursor's line, from 0, where it is known: saves counting through a long document. */
  readonly line?: number;
}

export interface CompletionRequest extends Cursor {
  /** Somebody asked for it, instead of just typing: then it is shown even if it was dismissed before. */
  readonly isInvoked?: boolean;
  /** A name of the open document, the same in every request: its States are kept under it. */
  readonly sessionKey: string;
  readonly signal: AbortSignal;
}

/** See `draftBodySchema`. */
export interface DraftRequest extends Cursor {
  readonly adapter: "learned" | "none" | { readonly file: string };
  readonly sampling: Pick<Sampling, "temperature" | "topP" | "topK" | "seed">;
  readonly tokensMax: number;
  readonly stop: string;
  readonly signal: AbortSignal;
  /** Whole characters, as they come. */
  readonly onText?: (text: string) => void;
}

export interface ChatRequest {
  readonly where: Where;
  /** The last one is the user's. */
  readonly turns: readonly ChatTurn[];
  readonly signal: AbortSignal;
  /** Whole characters, as they come. */
  readonly onText: (text: string) => void;
}

export type LearningStep = Omit<LearningProgress, "correctionId">;

export interface CorrectionHooks {
  /** Of this correction and, before it, of those that are learned first. */
  readonly onStep?: (step: LearningStep) => void;
  /** Nobody waits any more. What is kept by then stays kept, and is learned all the same. */
  readonly signal?: AbortSignal;
}

export interface UndoRequest {
  readonly where: Where;
  /** Without it: the newest one. */
  readonly correctionId?: string;
  /** Of the later corrections, which are learned again. */
  readonly onStep?: (step: LearningStep) => void;
  readonly signal?: AbortSignal;
}

/** Kept: on disk, acknowledged. `done` never rejects: what came of it is in its outcome. */
export interface KeptCorrection extends CorrectResult {
  readonly done: Promise<DidLearn>;
}

interface Secrets {
  /** Default: `ask`. */
  readonly secrets?: SecretsAnswer | undefined;
}

/** Hears what a client is told without having asked. Must not throw. */
export interface ClientListener {
  readonly onState: (state: DaemonState) => void;
  readonly onLearned: (event: DidLearn) => void;
}

/**
 * One connected client and its lease: while any is connected, the model stays loaded. It hears only of projects that
 * it has named a file or folder of. Calls after close() reject with `client-closed`.
 */
export interface Client {
  /**
   * `silent`: the model has nothing (worth showing) to say here. Throws AppError or EngineError: the model cannot be
   * loaded, say.
   */
  complete(
    request: CompletionRequest,
  ): Promise<
    Completion | { readonly kind: "silent"; readonly reason: string } | { readonly kind: "cancelled" }
  >;
  /** What the model writes, unfiltered, after what the project has taught it by now. Undefined: it was given up. */
  draft(request: DraftRequest): Promise<DraftAnswer | undefined>;
  chat(request: ChatRequest): Promise<ChatResult>;
  suggestionEvent(event: SuggestionEvent): void;
  /** The text of a completion that this client was given, while it is remembered. */
  completionText(completionId: string): string | undefined;
  /**
   * A completion that this client was given should have been `wanted`; empty: nothing should have been offered. `edit`:
   * it was accepted, and edited to that. This and the next two resolve when the correction is on disk, and throw
   * `completion-unknown`, `project-unclear`, `correction-*`, `journal-*`.
   */
  correctCompletion(
    request: {
      readonly completionId: string;
      readonly wanted: string;
      readonly source: "teach" | "edit";
    } & Secrets,
    hooks?: CorrectionHooks,
  ): Promise<KeptCorrection>;
  /** Between `prefix` and `suffix` should stand `wanted`; `rejected`, where it is known, is what the model wrote. */
  correctPlace(
    request: Cursor & { readonly wanted: string; readonly rejected?: string } & Secrets,
    hooks?: CorrectionHooks,
  ): Promise<KeptCorrection>;
  /** After `turns` the answer should have been `wanted`. */
  correctAnswer(
    request: Pick<ChatRequest, "where" | "turns"> & {
      readonly rejected: string;
      readonly wanted: string;
    } & Secrets,
    hooks?: CorrectionHooks,
  ): Promise<KeptCorrection>;
  /** Aborted, it rejects with an AbortError, and has not happened. It and `learned` throw `project-unclear` too. */
  undo(request: UndoRequest): Promise<UndoResult>;
  /** Of everything that the project has taught this model. Throws `nothing-to-undo`, `taught-since`, `journal-*`. */
  reset(request: { readonly where: Where; readonly action: ResetAction }): Promise<ResetResult>;
  /** Loads no model. */
  learned(where: Where): Promise<LearnedInFull>;
  /** Opens the project of `where`, where one is known, so that the state tells of it. */
  state(where?: Where): Promise<DaemonState>;
  /** For every project; what is taught meanwhile is kept and waits. */
  setPaused(isPaused: boolean): void;
  /** The document is closed: its States may go. */
  forget(sessionKey: string): void;
  close(): void;
}

/** What commands use of a client: it may be in another process. */
export type CommandClient = Pick<Client, "draft" | "correctPlace" | "undo" | "reset" | "learned">;

export interface Assistant {
  connect(listener: ClientListener): Client;
  /** Clients connected now. */
  readonly clients: number;
  /**
   * Has the model answer that is chosen by now: it is loaded beside the one that answers, which goes on until then, and
   * with what was asked of it before. Throws what loading throws; then the one before stays.
   */
  changeModel(): Promise<ModelState>;
  /** The model that answers or, where none is loaded, the one that will: loads none. */
  servedModel(): Promise<ServedModelAnswer>;
  /** What the process holds, by kind. */
  memory(): HeldMemory[];
  /** Lets the model go until somebody needs it again. */
  unload(): Promise<void>;
  /** Shows every client this sentence from now on. */
  warn(sentence: string): void;
  /** Takes no more requests, lets the running training step end, writes everything down, frees the model. Idempotent. */
  close(): Promise<void>;
}
