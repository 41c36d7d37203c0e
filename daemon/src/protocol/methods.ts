/**
 * The names of Ouroboros' own LSP messages; LSP 3.18's `textDocument/inlineCompletion` and document sync are used as
 * they are. Each has a schema of the same name beside this file.
 */

/** Client to daemon, answered. */
export const REQUESTS = {
  acceptedAt: "ouroboros/acceptedAt",
  correct: "ouroboros/correct",
  undo: "ouroboros/undo",
  reset: "ouroboros/reset",
  learned: "ouroboros/learned",
  chat: "ouroboros/chat",
  state: "ouroboros/state",
  pause: "ouroboros/pause",
} as const;

/** Client to daemon, not answered. */
export const CLIENT_NOTIFICATIONS = { suggestionEvent: "ouroboros/suggestionEvent" } as const;

/** Daemon to client. */
export const DAEMON_NOTIFICATIONS = {
  didChangeState: "ouroboros/didChangeState",
  didLearn: "ouroboros/didLearn",
  chatText: "ouroboros/chatText",
} as const;

/**
 * What a client may say of itself in LSP's `initializationOptions`. `ownInlineCompletion`: it asks for completions
 * itself, so the capability is not advertised and the client library registers no second provider.
 */
export interface InitializationOptions {
  readonly ownInlineCompletion?: boolean;
}
