/** A scripted LSP client on `ouro lsp`, as any editor would be one: opens, types, asks, accepts, corrects. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import {
  CancellationToken,
  createProtocolConnection,
  type Position,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import type { ChatParams, ChatResult, ChatText } from "../../../daemon/src/protocol/chat.js";
import type {
  CorrectParams,
  CorrectResult,
  DidLearn,
  LearnedResult,
  UndoResult,
} from "../../../daemon/src/protocol/corrections.js";
import {
  CLIENT_NOTIFICATIONS,
  DAEMON_NOTIFICATIONS,
  REQUESTS,
} from "../../../daemon/src/protocol/methods.js";
import type { DaemonState } from "../../../daemon/src/protocol/state.js";
import type { AcceptedAtResult, SuggestionEvent } from "../../../daemon/src/protocol/suggestions.js";
import { bin } from "./cli.js";

interface Item {
  readonly insertText: string;
  readonly range: { readonly start: Position; readonly end: Position };
  readonly command: { readonly command: string; readonly arguments: readonly [string] };
}

/** A promise for what has not come yet; fails with what was awaited after so long on a machine that is busy. */
const PATIENCE_MS = 60_000;

export interface LspConversation {
  readonly connection: ProtocolConnection;
  /** Says hello for a window with these folders. */
  initialize(folderUris: readonly string[]): Promise<void>;
  open(path: string, text: string): Document;
  /** A document of any scheme and language. */
  openUri(uri: string, languageId: string, text: string): Document;
  correct(params: CorrectParams): Promise<CorrectResult>;
  /** What came of a correction, now or later. */
  learned(correctionId: string): Promise<DidLearn>;
  /** The first state, seen by now or later, that fits. */
  stateThat(fits: (state: DaemonState) => boolean, what: string): Promise<DaemonState>;
  allLearned(): readonly DidLearn[];
  undo(folder: string, correctionId?: string): Promise<UndoResult>;
  list(folder: string): Promise<LearnedResult>;
  state(uri: string | null): Promise<DaemonState>;
  chat(params: ChatParams): Promise<ChatResult & { readonly streamed: string }>;
  event(event: SuggestionEvent): Promise<void>;
  /** What a window says before it goes. */
  sayGoodbye(): Promise<void>;
}

export interface LspClient extends LspConversation {
  readonly child: ChildProcess;
  /** Resolves when the proxy has ended. */
  readonly ended: Promise<number | null>;
  /** shutdown, exit, as an editor's window says when it closes. */
  close(): Promise<void>;
  kill(): void;
}

export interface Document {
  readonly uri: string;
  text(): string;
  /** Replaces between two UTF-16 offsets. */
  edit(from: number, to: number, text: string): Promise<void>;
  append(text: string): Promise<void>;
  /** At an offset; default: the end. `token` gives the request up. */
  complete(offset?: number, token?: CancellationToken): Promise<readonly Item[]>;
  /** Inserts an item as an editor does, and runs its command. */
  accept(item: Item): Promise<void>;
  acceptedAt(offset: number): Promise<AcceptedAtResult>;
  positionAt(offset: number): Position;
  close(): Promise<void>;
}

export async function startLsp(options: {
  readonly home: string;
  readonly folder: string;
  /** URIs of the folders of the window; default: that of `folder`. */
  readonly folderUris?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A program that runs it, with its own arguments. */
  readonly within?: readonly string[];
}): Promise<LspClient> {
  const { home, folder, environment, within = [] } = options;
  const [program = "", ...args] = [...within, process.execPath, bin, "lsp"];
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, OURO_HOME: join(home, "ouro-home"), ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const conversation = speakLsp(child.stdout, child.stdin);
  const { folderUris = [pathToFileURL(folder).href] } = options;
  await conversation.initialize(folderUris);
  return {
    ...conversation,
    child,
    ended,
    async close() {
      await conversation.sayGoodbye();
      await ended;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** LSP on any pair of streams: a proxy's pipes, or the daemon's socket twice. */
export function speakLsp(input: Readable, output: Writable): LspConversation {
  const connection = createProtocolConnection(
    new StreamMessageReader(input),
    new StreamMessageWriter(output),
  );
  const states = createInbox<DaemonState>();
  const lessons = createInbox<DidLearn>();
  const chatTexts = new Map<string, string>();
  connection.onNotification(DAEMON_NOTIFICATIONS.didChangeState, states.push);
  connection.onNotification(DAEMON_NOTIFICATIONS.didLearn, lessons.push);
  connection.onNotification(DAEMON_NOTIFICATIONS.chatText, ({ chatId, text }: ChatText) => {
    chatTexts.set(chatId, (chatTexts.get(chatId) ?? "") + text);
  });
  connection.onError(() => {});
  connection.listen();
  const folderUri = (path: string) => pathToFileURL(path).href;
  return {
    connection,
    async initialize(folderUris) {
      await connection.sendRequest("initialize", {
        processId: process.pid,
        rootUri: folderUris[0],
        workspaceFolders: folderUris.map((uri) => ({ uri, name: "folder" })),
        capabilities: {},
      });
      await connection.sendNotification("initialized", {});
    },
    open: (path, text) =>
      openDocument(connection, { uri: pathToFileURL(path).href, languageId: "typescript", text }),
    openUri: (uri, languageId, text) => openDocument(connection, { uri, languageId, text }),
    correct: (params) => connection.sendRequest(REQUESTS.correct, params),
    learned: (id) => lessons.first((event) => event.correctionId === id, `that ${id} was learned`),
    stateThat: (fits, what) => states.first(fits, what),
    allLearned: () => lessons.all,
    undo: (path, correctionId) =>
      connection.sendRequest(REQUESTS.undo, { uri: folderUri(path), ...(correctionId && { correctionId }) }),
    list: (path) => connection.sendRequest(REQUESTS.learned, { uri: folderUri(path) }),
    state: (of) => connection.sendRequest(REQUESTS.state, { uri: of }),
    async chat(params) {
      const result = await connection.sendRequest<ChatResult>(REQUESTS.chat, params);
      return { ...result, streamed: chatTexts.get(params.chatId) ?? "" };
    },
    event: (event) => connection.sendNotification(CLIENT_NOTIFICATIONS.suggestionEvent, event),
    async sayGoodbye() {
      await connection.sendRequest("shutdown");
      await connection.sendNotification("exit");
    },
  };
}

function openDocument(
  connection: ProtocolConnection,
  opened: { readonly uri: string; readonly languageId: string; readonly text: string },
): Document {
  const { uri } = opened;
  let { text } = opened;
  let version = 1;
  // Where the connection is lost, what is asked next says so.
  connection
    .sendNotification("textDocument/didOpen", { textDocument: { ...opened, version } })
    .catch(() => {});
  const positionAt = (offset: number): Position => {
    const lines = text.slice(0, offset).split(/\r\n|\n/);
    return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
  };
  const offsetAt = ({ line, character }: Position) =>
    [...text.matchAll(/[^\n]*\n|[^\n]+$/g)].slice(0, line).reduce((sum, [each]) => sum + each.length, 0) +
    character;
  const document: Document = {
    uri,
    text: () => text,
    async edit(from, to, inserted) {
      const range = { start: positionAt(from), end: positionAt(to) };
      text = text.slice(0, from) + inserted + text.slice(to);
      version += 1;
      await connection.sendNotification("textDocument/didChange", {
        textDocument: { uri, version },
        contentChanges: [{ range, text: inserted }],
      });
    },
    append: (inserted) => document.edit(text.length, text.length, inserted),
    async complete(offset = text.length, token = CancellationToken.None) {
      const params = { textDocument: { uri }, position: positionAt(offset), context: { triggerKind: 2 } };
      const { items } = await connection.sendRequest<{ items: Item[] }>(
        "textDocument/inlineCompletion",
        params,
        token,
      );
      return items;
    },
    async accept({ range, insertText, command }) {
      await document.edit(offsetAt(range.start), offsetAt(range.end), insertText);
      await connection.sendRequest("workspace/executeCommand", command);
    },
    acceptedAt: (offset) =>
      connection.sendRequest(REQUESTS.acceptedAt, {
        textDocument: { uri },
        position: positionAt(offset),
      }),
    positionAt,
    close: () => connection.sendNotification("textDocument/didClose", { textDocument: { uri } }),
  };
  return document;
}

function createInbox<Message>() {
  const all: Message[] = [];
  const waiting = new Set<(message: Message) => void>();
  return {
    all,
    push(message: Message) {
      all.push(message);
      for (const each of waiting) each(message);
    },
    first(fits: (message: Message) => boolean, what: string): Promise<Message> {
      const found = all.find(fits);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve, reject) => {
        const give = (message: Message) => {
          if (!fits(message)) return;
          waiting.delete(give);
          clearTimeout(timer);
          resolve(message);
        };
        const timer = setTimeout(() => {
          waiting.delete(give);
          reject(new Error(`nothing said ${what}; last: ${JSON.stringify(all.at(-1))}`));
        }, PATIENCE_MS);
        waiting.add(give);
      });
    },
  };
}
