/** The page's side of VS Code's webview API: messages to and from the extension, and the state that VS Code keeps. */

import type { FromPage, ToPage } from "../src/chat/chatMessages.js";
import type { ChatStrings } from "../src/chat/chatStrings.js";
import { type ChatState, EMPTY_CHAT } from "./chatState.js";

interface VsCodeApi {
  postMessage(message: FromPage): void;
  getState(): ChatState | undefined;
  setState(state: ChatState): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

const api = acquireVsCodeApi();

export function send(message: FromPage): void {
  api.postMessage(message);
}

/** Without what belongs to the moment: an edit that was begun, the model, a lesson whose end may have been missed. */
export function restoredChat(): ChatState {
  const kept = api.getState();
  if (!kept) return EMPTY_CHAT;
  const turns = kept.turns.map((turn) =>
    turn.lesson.kind === "under-way" ? { ...turn, lesson: { kind: "none" } as const } : turn,
  );
  return { ...EMPTY_CHAT, turns, awaiting: kept.awaiting };
}

export function saveChat(state: ChatState): void {
  api.setState(state);
}

export function onMessage(receive: (message: ToPage) => void): void {
  window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => receive(data));
}

/** The sentences that the extension wrote into the page. */
export const strings: ChatStrings = JSON.parse(document.body.dataset.strings ?? "{}");

export function filled(sentence: string, ...values: readonly (string | number)[]): string {
  return sentence.replaceAll(/\{(\d)\}/g, (_, index) => String(values[Number(index)] ?? ""));
}
