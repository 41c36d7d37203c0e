import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listenOnSocket } from "./listen.js";
import { type ProxyEnd, proxy } from "./proxy.js";

let folder: string;
let server: Server;
let daemonSide: Socket;
let input: PassThrough;
let output: PassThrough;
let stopping: AbortController;
let end: Promise<ProxyEnd>;
/** Why the daemon is silent. */
let reason: string | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ouro-proxy-"));
  server = createServer();
  await listenOnSocket(server, join(folder, "lsp.sock"));
  const arrived = once(server, "connection");
  const daemon = createConnection(join(folder, "lsp.sock"));
  [daemonSide] = (await arrived) as [Socket];
  daemonSide.on("error", () => {});
  input = new PassThrough();
  output = new PassThrough();
  stopping = new AbortController();
  reason = undefined;
  end = proxy({ input, output, daemon, signal: stopping.signal, whyItIsSilent: async () => reason });
});
afterEach(() => {
  daemonSide.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const message = (method: string) => {
  const json = JSON.stringify({ jsonrpc: "2.0", method });
  return `Content-Length: ${json.length}\r\n\r\n${json}`;
};

it("tells the editor once why the daemon is silent, and not within one of the daemon's messages", async () => {
  const told = () => String(output.read() ?? "");
  reason = "the daemon is stopped";
  const whole = message("half");
  daemonSide.write(whole.slice(0, 30));
  await expect.poll(told).toBe(whole.slice(0, 30));
  input.write(message("first"));
  await delay(1_500);
  expect(told()).toBe("");
  daemonSide.write(whole.slice(30));
  await expect.poll(told).toBe(whole.slice(30));
  input.write(message("second"));
  await expect
    .poll(told)
    .toMatch(/^Content-Length: \d+\r\n\r\n.*window\/showMessage.*Ouroboros: the daemon is stopped\./);
  input.write(message("third"));
  await delay(1_500);
  expect(told()).toBe("");
});

it("carries all bytes both ways, large ones too, before it ends with its client", async () => {
  const large = Buffer.alloc(8 << 20, "Grüße 😀 ");
  daemonSide.on("data", (chunk: Buffer) => daemonSide.write(chunk));
  const heard: Buffer[] = [];
  let length = 0;
  output.on("data", (chunk: Buffer) => {
    heard.push(chunk);
    length += chunk.length;
    if (length === large.length) input.end();
  });
  input.write(large);
  expect(await end).toBe("client-ended");
  expect(Buffer.concat(heard).equals(large)).toBe(true);
});

it("brings the last words of a client that closes at once", async () => {
  const heard = text(daemonSide);
  input.end("last words");
  expect(await end).toBe("client-ended");
  expect(await heard).toBe("last words");
});

it("tells when the daemon is gone", async () => {
  input.write(message("textDocument/didChange"));
  await once(daemonSide, "data");
  daemonSide.destroy();
  expect(await end).toBe("daemon-gone");
});

it("knows a goodbye, in one piece or two, from a daemon that breaks", async () => {
  const goodbye = message("exit");
  daemonSide.resume();
  input.write(message("shutdown"));
  input.write(goodbye.slice(0, -9));
  input.write(goodbye.slice(-9));
  let heard = "";
  for await (const chunk of daemonSide.setEncoding("utf8")) {
    heard += chunk;
    if (heard.endsWith(goodbye)) break;
  }
  expect(await end).toBe("client-ended");
});

it("is not taken in by a goodbye that stands in a text", async () => {
  const json = JSON.stringify({ method: "textDocument/didChange", params: { text: message("exit") } });
  input.write(json);
  await once(daemonSide, "data");
  daemonSide.destroy();
  expect(await end).toBe("daemon-gone");
});

it("ends when it is told to", async () => {
  daemonSide.resume();
  stopping.abort();
  expect(await end).toBe("client-ended");
});

it("does not wait for a daemon that reads nothing any more", async () => {
  daemonSide.pause();
  input.write(Buffer.alloc(4 << 20));
  input.end();
  expect(await end).toBe("client-ended");
});
