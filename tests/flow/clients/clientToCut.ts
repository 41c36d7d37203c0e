/**
 * A client of the daemon that sends requests of one kind and is lost before it has its answers: over LSP or HTTP, on the
 * daemon's own sockets or through an `ouro lsp` that is killed. It speaks bytes, since no well-behaved library does this.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { ROUTES } from "../../../daemon/src/protocol/routes.js";
import { shakeHands } from "../../../daemon/src/transport/daemon/clientHandshake.js";
import { bin } from "../support/cli.js";

export const KINDS = ["completion", "chat", "correct", "undo", "learned"] as const;
type Kind = (typeof KINDS)[number];

export const WAYS = [
  { door: "lsp", way: "socket destroyed" },
  { door: "lsp", way: "shutdown and exit" },
  { door: "lsp", way: "half-closed" },
  { door: "lsp", way: "ouro lsp killed" },
  { door: "lsp", way: "unread" },
  { door: "http", way: "socket destroyed" },
  { door: "http", way: "half-closed" },
  { door: "http", way: "unread" },
] as const;

/** So many answers wait for a client that reads none; of the kinds that only read, since each lesson is trained. */
const UNREAD = 3_000;
const REQUESTS_AT_ONCE = 6;

export interface Doors {
  readonly lspSocket: string;
  readonly httpSocket: string;
  readonly token: string;
  /** Where the client's project lies, and `OURO_HOME`. */
  readonly folder: string;
  readonly home: string;
}

export interface Cut {
  readonly kind: Kind;
  readonly door: "lsp" | "http";
  readonly way: (typeof WAYS)[number]["way"];
  readonly delayMs: number;
  /** No two cuts teach the same. */
  readonly round: number;
}

interface Client {
  readonly stream: Writable;
  readonly socket: Socket | undefined;
  readonly child: ChildProcess | undefined;
}

/** Resolves when the client has been lost as `cut` says. */
export async function connectAndCut(doors: Doors, cut: Cut): Promise<void> {
  const client = await connect(doors, cut);
  const { stream, socket, child } = client;
  try {
    const isReading = cut.kind !== "correct" && cut.kind !== "undo";
    const count = cut.way === "unread" && isReading ? UNREAD : REQUESTS_AT_ONCE;
    const write = cut.door === "lsp" ? lspRequest : httpRequest;
    if (cut.way !== "unread") (socket ?? child?.stdout)?.resume();
    for (let index = 0; index < count; index++) stream.write(write({ doors, cut, index }));
    await new Promise((resolve) => setTimeout(resolve, cut.delayMs));
    if (cut.way === "shutdown and exit") {
      stream.write(lspMessage({ id: "last", method: "shutdown" }));
      stream.write(lspMessage({ method: "exit" }));
    }
    if (cut.way === "half-closed" || cut.way === "shutdown and exit") {
      stream.end();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    child?.kill("SIGKILL");
    socket?.destroy();
  }
}

async function connect(doors: Doors, { door, way }: Cut): Promise<Client> {
  if (door === "http") {
    const socket = createConnection(doors.httpSocket);
    socket.on("error", () => {});
    return { stream: socket, socket, child: undefined };
  }
  const client = way === "ouro lsp killed" ? throughProxy(doors) : await onSocket(doors);
  const uri = pathToFileURL(doors.folder).href;
  const folders = [{ uri, name: "folder" }];
  const params = { processId: null, rootUri: uri, workspaceFolders: folders, capabilities: {} };
  client.stream.write(lspMessage({ id: "first", method: "initialize", params }));
  client.stream.write(lspMessage({ method: "initialized", params: {} }));
  for (let index = 0; index < REQUESTS_AT_ONCE; index++) {
    const textDocument = { uri: documentUri(doors, index), languageId: "typescript", version: 1, text: TEXT };
    client.stream.write(lspMessage({ method: "textDocument/didOpen", params: { textDocument } }));
  }
  // It has to start first.
  if (client.child?.stdout) await once(client.child.stdout, "readable");
  return client;
}

async function onSocket({ lspSocket, token }: Doors): Promise<Client> {
  const handshake = await shakeHands({ socketPath: lspSocket, token, version: "0.0.1", want: "lsp" });
  if (handshake.kind !== "welcome") throw new Error(`the daemon let nobody in: ${handshake.kind}`);
  return { stream: handshake.stream, socket: handshake.stream, child: undefined };
}

function throughProxy({ home, folder }: Doors): Client {
  const child = spawn(process.execPath, [bin, "lsp"], {
    cwd: folder,
    env: { ...process.env, OURO_HOME: home },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => {});
  return { stream: child.stdin, socket: undefined, child };
}

const TEXT = "export function load(name: string) {\n  return ";
const END = { line: 1, character: 9 };
const TURNS = [{ role: "user", text: "How do I load a file?" }];
const documentUri = ({ folder }: Doors, index: number) =>
  pathToFileURL(join(folder, `a${index % REQUESTS_AT_ONCE}.ts`)).href;

interface Asked {
  readonly doors: Doors;
  readonly cut: Cut;
  readonly index: number;
}

function lspRequest({ doors, cut, index }: Asked): string {
  const folder = pathToFileURL(doors.folder).href;
  const textDocument = { uri: documentUri(doors, index) };
  const ask = (method: string, params: unknown) => lspMessage({ id: index, method, params });
  switch (cut.kind) {
    case "completion":
      return ask("textDocument/inlineCompletion", { textDocument, position: END });
    case "chat":
      return ask(REQUESTS.chat, { chatId: `chat-${index}`, folder, turns: TURNS });
    case "correct": {
      const wanted = { rejected: "No.", wanted: `Round ${cut.round}.${index}` };
      return ask(REQUESTS.correct, { kind: "answer", folder, turns: TURNS, ...wanted });
    }
    case "undo":
      return ask(REQUESTS.undo, { uri: folder });
    case "learned":
      return ask(REQUESTS.learned, { uri: folder });
  }
}

function httpRequest({ doors, cut, index }: Asked): string {
  const { folder } = doors;
  const place = { folder, path: `a${index}.ts`, prefix: TEXT };
  const post = (route: string, body: unknown) => httpMessage(doors, `POST ${route}`, body);
  switch (cut.kind) {
    case "completion":
      return post(ROUTES.complete, place);
    case "chat":
      return post(ROUTES.chat, { folder, turns: TURNS });
    case "correct":
      return post(ROUTES.teach, { ...place, wanted: `round${cut.round}.${index};` });
    case "undo":
      return post(ROUTES.undo, { folder });
    case "learned":
      return httpMessage(doors, `GET ${ROUTES.learned}?folder=${encodeURIComponent(folder)}`);
  }
}

/** One message of LSP as its bytes; everything here is ASCII. */
export function lspMessage(message: object): string {
  const content = JSON.stringify({ jsonrpc: "2.0", ...message });
  return `Content-Length: ${content.length}\r\n\r\n${content}`;
}

function httpMessage({ token }: Doors, ask: string, body?: unknown): string {
  const content = body === undefined ? "" : JSON.stringify(body);
  const type = body === undefined ? "" : "Content-Type: application/json\r\n";
  const headers = `Host: localhost\r\nAuthorization: Bearer ${token}\r\n${type}`;
  return `${ask} HTTP/1.1\r\n${headers}Content-Length: ${content.length}\r\n\r\n${content}`;
}
