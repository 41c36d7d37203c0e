import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { NO_LOG } from "../../base/log.js";
import { HANDSHAKE_BYTES_MAX } from "../../protocol/handshake.js";
import { PROTOCOL_MAX } from "../../protocol/version.js";
import { shakeHands } from "./clientHandshake.js";
import { createHandshakeServer, LSP_CLIENTS_MAX } from "./handshakeServer.js";
import { listenOnSocket } from "./listen.js";

const TOKEN = "a".repeat(64);
const NEWLINE = "\n";

let folder: string;
let socketPath: string;
let server: Server;
let streams: Socket[];
let drains: number;
let isDraining: boolean;

/** After the handshake the client is echoed. */
function onLsp(stream: Socket) {
  streams.push(stream);
  stream.on("data", (chunk) => stream.write(chunk));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ouro-handshake-"));
  socketPath = join(folder, "lsp.sock");
  streams = [];
  drains = 0;
  isDraining = false;
  server = createHandshakeServer({
    token: TOKEN,
    version: "1.2.3",
    log: NO_LOG,
    onLsp,
    onDrain: () => {
      drains += 1;
    },
    isDraining: () => isDraining,
    handshakeMs: 300,
  });
  await listenOnSocket(server, socketPath);
});
afterEach(() => {
  for (const stream of streams) stream.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const hello = (changed: object = {}) =>
  JSON.stringify({
    ouroboros: "greeting",
    token: TOKEN,
    protocol: { min: 1, max: PROTOCOL_MAX },
    version: "1.2.3",
    want: "lsp",
    ...changed,
  });

/** Everything the daemon says to who says `said` and then waits; for a refusal that is one line and the end. */
async function answerTo(said: string | Buffer): Promise<unknown> {
  const socket = createConnection(socketPath);
  socket.write(said);
  return JSON.parse(await text(socket));
}

describe("refuses", () => {
  test.each([
    ["noise", `${"\u0000\u0001\u0002"}${NEWLINE}`, "greeting-invalid"],
    ["an empty line", NEWLINE, "greeting-invalid"],
    ["HTTP", `GET / HTTP/1.1\r\nHost: localhost\r\n\r\n`, "greeting-invalid"],
    ["LSP without a hello", `Content-Length: 2\r\n\r\n{}${NEWLINE}`, "greeting-invalid"],
    ["JSON that is no hello", `{"hello":1}${NEWLINE}`, "greeting-invalid"],
    ["a hello with something more", `${hello({ more: 1 })}${NEWLINE}`, "greeting-invalid"],
    ["a line without an end", "x".repeat(HANDSHAKE_BYTES_MAX + 1), "greeting-invalid"],
    [
      "an endless line that comes with its end",
      `${"x".repeat(HANDSHAKE_BYTES_MAX + 1)}${NEWLINE}`,
      "greeting-invalid",
    ],
    ["a client that says nothing in time", "", "greeting-invalid"],
    ["half a hello", hello().slice(0, 40), "greeting-invalid"],
    ["a wrong token", `${hello({ token: "b".repeat(64) })}${NEWLINE}`, "token-wrong"],
    ["no token", `${hello({ token: "" })}${NEWLINE}`, "token-wrong"],
    ["the beginning of the token", `${hello({ token: TOKEN.slice(1) })}${NEWLINE}`, "token-wrong"],
    [
      "an end that is asked for with a wrong token",
      `${hello({ token: "", want: "drain" })}${NEWLINE}`,
      "token-wrong",
    ],
    ["only older protocols", `${hello({ protocol: { min: 999, max: 1000 } })}${NEWLINE}`, "protocol-unknown"],
  ])("%s", async (_name, said, code) => {
    expect(await answerTo(said)).toMatchObject({
      ouroboros: "answer",
      kind: "refused",
      code,
      version: "1.2.3",
    });
    expect(streams).toEqual([]);
    expect(drains).toBe(0);
  });

  test("everybody while it is ending", async () => {
    isDraining = true;
    expect(await answerTo(`${hello()}${NEWLINE}`)).toMatchObject({ kind: "refused", code: "draining" });
  });
});

const knock = (want: "lsp" | "drain" = "lsp") =>
  shakeHands({ socketPath, token: TOKEN, version: "1.2.3", want });

it("lets in who says hello, and hands over what was sent along with it", async () => {
  const socket = createConnection(socketPath);
  socket.write(`${hello()}${NEWLINE}first `);
  let heard = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    heard += chunk;
    if (heard.endsWith("first ")) socket.end("second");
  });
  await once(socket, "close");
  const [line, ...rest] = heard.split(NEWLINE);
  expect(JSON.parse(line ?? "")).toEqual({
    ouroboros: "answer",
    kind: "welcome",
    protocol: PROTOCOL_MAX,
    version: "1.2.3",
    pid: process.pid,
  });
  expect(rest).toEqual(["first second"]);
});

it("lets in who says hello byte by byte", async () => {
  const socket = createConnection(socketPath);
  for (const byte of Buffer.from(`${hello()}${NEWLINE}`)) socket.write(Buffer.of(byte));
  const [first] = await once(socket, "data");
  expect(JSON.parse(String(first))).toMatchObject({ kind: "welcome" });
  socket.destroy();
});

it("answers a hello that `shakeHands` sends", async () => {
  const handshake = await knock();
  expect(handshake).toMatchObject({ kind: "welcome", pid: process.pid, version: "1.2.3" });
  if (handshake.kind === "welcome") handshake.stream.destroy();
});

it("ends on request, after saying so", async () => {
  const handshake = await knock("drain");
  expect(handshake.kind).toBe("welcome");
  expect(drains).toBe(1);
  if (handshake.kind === "welcome") handshake.stream.destroy();
});

it("bounds the clients, and lets in another when one leaves", async () => {
  const inside = await Promise.all(Array.from({ length: 8 }, () => knock()));
  for (let count = inside.length; count < LSP_CLIENTS_MAX; count += 8) {
    inside.push(...(await Promise.all(Array.from({ length: 8 }, () => knock()))));
  }
  expect(inside.every(({ kind }) => kind === "welcome")).toBe(true);
  expect(await knock()).toMatchObject({ kind: "refused", code: "too-many-clients" });
  const [first] = inside;
  const [leaving] = streams;
  if (first?.kind !== "welcome" || leaving === undefined) throw new Error("nobody is inside");
  const left = once(leaving, "close");
  first.stream.destroy();
  await left;
  const next = await knock();
  expect(next.kind).toBe("welcome");
  for (const each of [...inside, next]) if (each.kind === "welcome") each.stream.destroy();
});

it("survives a client that leaves in the middle of its hello", async () => {
  const socket = createConnection(socketPath);
  await once(socket, "connect");
  socket.write("{");
  socket.destroy();
  await once(socket, "close");
  const handshake = await knock();
  expect(handshake.kind).toBe("welcome");
  if (handshake.kind === "welcome") handshake.stream.destroy();
});

it("finds nobody where nobody listens", async () => {
  const nowhere = { socketPath: join(folder, "none.sock"), token: TOKEN, version: "1", want: "lsp" } as const;
  expect(await shakeHands(nowhere)).toEqual({ kind: "absent" });
});
