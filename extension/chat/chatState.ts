/**
 * The conversation as one value, and what every event makes of it. An answer's id is also the id under which it is asked
 * for. Pure: ids are passed in.
 */

import type { ChatModel, LessonStatus, ToPage } from "../src/chat/chatMessages.js";

/** A turn with what the page shows of it. */
export interface ShownTurn {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly status: AnswerStatus;
  readonly lesson: LessonStatus;
}

export type AnswerStatus =
  | { readonly kind: "done" }
  | { readonly kind: "writing" }
  | { readonly kind: "stopped" }
  | { readonly kind: "cut" }
  | { readonly kind: "failed"; readonly message: string };

export interface ChatState {
  readonly turns: readonly ShownTurn[];
  /** The answer that is being written. */
  readonly awaiting: string | null;
  /** The turn that is being edited. */
  readonly editing: string | null;
  readonly model: ChatModel;
}

export type ChatEvent =
  | { readonly kind: "asked"; readonly text: string; readonly userId: string; readonly answerId: string }
  | {
      readonly kind: "asked-again";
      readonly userId: string;
      readonly text: string;
      readonly answerId: string;
    }
  | { readonly kind: "edit"; readonly turnId: string }
  | { readonly kind: "edit-ended" }
  | { readonly kind: "taught"; readonly answerId: string; readonly wanted: string }
  | Exclude<ToPage, { kind: "focus" }>;

/** Older turns are far outside every model's window, and a message may hold no more than 512. */
const TURNS_MAX = 200;

export const EMPTY_CHAT: ChatState = {
  turns: [],
  awaiting: null,
  editing: null,
  model: { kind: "unknown" },
};

export function reduce(state: ChatState, event: ChatEvent): ChatState {
  switch (event.kind) {
    case "asked":
      return ask({ state, turns: state.turns, ...event });
    case "asked-again": {
      const index = state.turns.findIndex(({ id }) => id === event.userId);
      return ask({ state, turns: state.turns.slice(0, Math.max(0, index)), ...event });
    }
    case "text":
      return changed(state, event.chatId, (turn) => ({ ...turn, text: turn.text + event.text }));
    case "so-far":
      return changed(state, event.chatId, (turn) => ({ ...turn, text: event.text }));
    case "ended":
      return ended(state, event.chatId, statusOfEnd(event.stoppedBy));
    case "failed":
      return ended(state, event.chatId, { kind: "failed", message: event.message });
    case "edit":
      return { ...state, editing: event.turnId };
    case "edit-ended":
      return { ...state, editing: null };
    case "taught":
      return changed({ ...state, editing: null }, event.answerId, (turn) => ({
        ...turn,
        text: event.wanted,
        // It stands as the user wrote it, however the model's own ended.
        status: { kind: "done" },
        lesson: { kind: "under-way", correctionId: undefined },
      }));
    case "lesson":
      return changed(state, event.answerId, (turn) => ({ ...turn, lesson: event.lesson }));
    case "undone":
      return {
        ...state,
        turns: state.turns.map((turn) =>
          correctionOf(turn.lesson) === event.correctionId ? { ...turn, lesson: { kind: "undone" } } : turn,
        ),
      };
    case "model":
      return { ...state, model: event.model };
    case "new-chat":
      return { ...EMPTY_CHAT, model: state.model };
  }
}

/** The turns of the request for `answerId`: everything before it that is not empty. */
export function turnsBefore(state: ChatState, answerId: string) {
  const index = state.turns.findIndex(({ id }) => id === answerId);
  return state.turns
    .slice(0, Math.max(0, index))
    .filter(({ text }) => text !== "")
    .map(({ role, text }) => ({ role, text }));
}

function ask(parts: {
  readonly state: ChatState;
  readonly turns: readonly ShownTurn[];
  readonly userId: string;
  readonly text: string;
  readonly answerId: string;
}): ChatState {
  const { state, turns, userId, text, answerId } = parts;
  const quiet = { lesson: { kind: "none" } } as const;
  const question: ShownTurn = { id: userId, role: "user", text, status: { kind: "done" }, ...quiet };
  const answer: ShownTurn = {
    id: answerId,
    role: "assistant",
    text: "",
    status: { kind: "writing" },
    ...quiet,
  };
  const settled = turns.map((turn) => (turn.status.kind === "writing" ? stopped(turn) : turn));
  return {
    ...state,
    turns: [...settled, question, answer].slice(-TURNS_MAX),
    awaiting: answerId,
    editing: null,
  };
}

function ended(state: ChatState, chatId: string, status: AnswerStatus): ChatState {
  const awaiting = state.awaiting === chatId ? null : state.awaiting;
  return changed({ ...state, awaiting }, chatId, (turn) =>
    turn.status.kind === "writing" ? { ...turn, status } : turn,
  );
}

function stopped(turn: ShownTurn): ShownTurn {
  return { ...turn, status: { kind: "stopped" } };
}

function statusOfEnd(stoppedBy: Extract<ToPage, { kind: "ended" }>["stoppedBy"]): AnswerStatus {
  if (stoppedBy === "cancelled") return { kind: "stopped" };
  return stoppedBy === "limit" ? { kind: "cut" } : { kind: "done" };
}

function correctionOf(lesson: LessonStatus): string | undefined {
  return lesson.kind === "under-way" || lesson.kind === "settled" ? lesson.correctionId : undefined;
}

function changed(state: ChatState, id: string, change: (turn: ShownTurn) => ShownTurn): ChatState {
  return { ...state, turns: state.turns.map((turn) => (turn.id === id ? change(turn) : turn)) };
}
