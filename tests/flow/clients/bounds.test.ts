/** What one client may ask at once, send in one message and leave unread; beyond it is told so, and the others go on. */

import { readFileSync } from "node:fs";
import { request } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { ROUTES } from "../../../daemon/src/protocol/routes.js";
import { MessageFrames } from "../../../daemon/src/transport/lsp/messageFrames.js";
import { lspMessage } from "./clientToCut.js";
import { connectWell, startDaemon } from "./cutRounds.js";

const onLinux = process.platform === "linux";
const MEBIBYTE = 1 << 20;
/** What a daemon with this model may take beyond what it takes at rest: a message at its limit, as bytes and as text. */
const GROWTH_BYTES_MAX = 200 * MEBIBYTE;

let daemon: Awaited<ReturnType<typeof startDaemon>>;
let other: Awaited<ReturnType<typeof connectWell>>;
beforeAll(async () => {
  daemon = await startDaemon();
  other = await connectWell(daemon.doors);
  await other.complete();
});
afterAll(async () => {
  other.stream.destroy();
  await daemon.end();
});

const messageSchema = z.looseObject({
  id: z.union([z.int(), z.string()]).optional(),
  method: z.string().optional(),
  error: z
    .looseObject({ message: z.string(), data: z.looseObject({ code: z.string() }).optional() })
    .optional(),
  params: z.unknown().optional(),
});
type Message = z.infer<typeof messageSchema>;

/** Another client, whose bytes are the test's. */
async function rawClient() {
  const { stream, connection } = await connectWell(daemon.doors);
  connection.dispose();
  const frames = new MessageFrames();
  const messages: Message[] = [];
  stream.on("data", (piece: Buffer) => {
    for (const frame of frames.push(piece)) {
      if (frame.kind === "message") messages.push(messageSchema.parse(JSON.parse(frame.content.toString())));
    }
  });
  return { stream, messages };
}

function residentBytes(): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8")) ?? [];
  return 1024 * Number(kibibytes);
}

/** Resolves when the other client was answered and the daemon is as it was. */
async function expectOthersUnaffected(residentBefore: number): Promise<void> {
  await other.complete();
  await other.learned();
  expect((await daemon.http.health()).pid).toBe(daemon.pid);
  if (onLinux) expect(residentBytes() - residentBefore).toBeLessThan(GROWTH_BYTES_MAX);
}

const resident = () => (onLinux ? residentBytes() : 0);
const written = (stream: Socket, bytes: string | Buffer) =>
  new Promise<void>((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });

test("a message that is announced with two gigabytes is refused in a sentence, and read past", async () => {
  const before = resident();
  const { stream, messages } = await rawClient();
  await written(stream, "Content-Length: 2000000000\r\n\r\n");
  await expect
    .poll(() => messages)
    .toContainEqual(
      expect.objectContaining({
        method: "window/showMessage",
        params: {
          type: 1,
          message:
            "Ouroboros skipped a message of 2000000000 bytes; 67108864 are the most: close the document that is too long",
        },
      }),
    );
  const piece = Buffer.alloc(10 * MEBIBYTE, "x");
  for (let sent = 0; sent < 30; sent++) await written(stream, piece);
  await expectOthersUnaffected(before);
  stream.destroy();
});

test("bytes that are no messages end their own connection, in a sentence", async () => {
  const { stream, messages } = await rawClient();
  const closed = new Promise((resolve) => stream.once("close", resolve));
  stream.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await closed;
  expect(messages.map(({ method, params }) => ({ method, params }))).toContainEqual({
    method: "window/showMessage",
    params: {
      type: 1,
      message: "Ouroboros cannot read what this editor sends, and leaves it; connect anew with `ouro lsp`",
    },
  });
  await expectOthersUnaffected(resident());
});

const LONG_CHAT = Array.from({ length: 121 }, (_, index) => ({
  role: index % 2 === 0 ? "user" : "assistant",
  text: "word ".repeat(10_000),
}));
const CHAT_TOO_LONG =
  /a conversation holds at most 1048576 characters; begin a new one, or leave early turns out$/;

test("a chat of six megabytes is refused over LSP", async () => {
  const before = resident();
  const asked = other.connection.sendRequest(REQUESTS.chat, {
    chatId: "long",
    folder: null,
    turns: LONG_CHAT,
  });
  await expect(asked).rejects.toThrow(CHAT_TOO_LONG);
  await expectOthersUnaffected(before);
});

test("a chat of six megabytes is refused over HTTP", async () => {
  const before = resident();
  const { httpSocket: socketPath, token } = daemon.doors;
  const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const asked = request({ socketPath, method: "POST", path: ROUTES.chat, headers }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode, text: said }), reject);
    });
    asked.on("error", reject);
    asked.end(JSON.stringify({ folder: null, turns: LONG_CHAT }));
  });
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toEqual({
    code: "request-invalid",
    message: expect.stringMatching(CHAT_TOO_LONG),
  });
  await expectOthersUnaffected(before);
});

test("of ten thousand requests at once 16 are worked on, more are refused in a sentence, and the rest is not read yet", async () => {
  const before = resident();
  const { stream, messages } = await rawClient();
  const turns = [{ role: "user", text: "What is this?" }];
  for (let id = 0; id < 10_000; id++) {
    stream.write(lspMessage({ id, method: REQUESTS.chat, params: { chatId: "many", folder: null, turns } }));
  }
  const errors = () => messages.flatMap(({ error }) => error ?? []);
  await expect.poll(() => errors().length).toBeGreaterThan(100);
  await expectOthersUnaffected(before);
  expect(new Set(errors().map(({ message }) => message))).toEqual(
    new Set(["16 requests of this editor wait for their answers; ask again when some are done"]),
  );
  stream.destroy();
});

test("a client that leaves eight megabytes of answers unread is cut off", async () => {
  const before = resident();
  const { stream, messages } = await rawClient();
  stream.pause();
  // Each is answered by an error that names it.
  const method = "x".repeat(MEBIBYTE);
  const closed = new Promise((resolve) => stream.once("close", resolve));
  for (let id = 0; id < 40; id++) await written(stream, lspMessage({ id, method })).catch(() => undefined);
  await other.complete();
  stream.resume();
  await closed;
  const answers = messages.filter(({ error }) => error);
  expect(answers.length).toBeLessThan(20);
  await expectOthersUnaffected(before);
});
