import { once, setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, request, type Server } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { createFakeAssistant, type FakeAssistant } from "../../../test/fakeAssistant.js";
import type { Log } from "../../base/log.js";
import { learnedResultSchema } from "../../protocol/corrections.js";
import { BODY_BYTES_MAX, type TeachEvent } from "../../protocol/routes.js";
import { listenOnPort, listenOnSocket } from "../daemon/listen.js";
import { createHttpClient, type HttpClient } from "./httpClient.js";
import { createHttpServer } from "./httpServer.js";

const TOKEN = "a".repeat(64);
const never = new AbortController().signal;

let folder: string;
let socketPath: string;
let assistant: FakeAssistant;
let server: Server;
let daemon: HttpClient;
let stops: number;
let leases: number;
let leasesTaken: number;
let isDraining: boolean;
let logged: { readonly event: string; readonly error: unknown }[];
let others: Server[];

function makeServer(port: number | null): Server {
  const write: Log["error"] = ({ error }, event) => logged.push({ event, error });
  return createHttpServer({
    listener: { token: TOKEN, port },
    assistant,
    version: "1.2.3",
    log: { error: write, warn: () => {}, info: () => {}, debug: () => {} },
    isDraining: () => isDraining,
    onStop: () => {
      stops += 1;
    },
    takeLease: () => {
      leases += 1;
      leasesTaken += 1;
      return {
        release: () => {
          leases -= 1;
        },
      };
    },
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ouro-http-"));
  socketPath = join(folder, "http.sock");
  assistant = createFakeAssistant();
  stops = 0;
  leases = 0;
  leasesTaken = 0;
  isDraining = false;
  logged = [];
  others = [];
  server = makeServer(null);
  await listenOnSocket(server, socketPath);
  daemon = createHttpClient({ socketPath, token: TOKEN });
});
afterEach(() => {
  for (const each of [server, ...others]) {
    each.close();
    each.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly port?: number;
}

/** A request as no client of ours would send it. */
async function ask({ method = "POST", path, headers = {}, body, port }: Asked) {
  const where = port === undefined ? { socketPath } : { host: "127.0.0.1", port };
  const asked = request({
    ...where,
    method,
    path,
    agent: false,
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json", ...headers },
  });
  asked.on("error", () => {});
  asked.end(body);
  const [response]: [IncomingMessage] = (await once(asked, "response")) as [IncomingMessage];
  const answer = await text(response);
  return { status: response.statusCode, headers: response.headers, answer: answer && JSON.parse(answer) };
}

const place = { folder: "/project", path: "src/a.ts" };
const sampled = {
  adapter: "learned",
  stop: "\n",
  tokensMax: 8,
  temperature: 0,
  topP: 0,
  topK: 0,
  seed: 0,
} as const;
const json = (value: unknown) => JSON.stringify(value);
const until = (condition: () => boolean) => expect.poll(condition, { interval: 2 }).toBe(true);

describe("answers", () => {
  test("health", async () => {
    expect(await daemon.health()).toEqual({ version: "1.2.3", pid: process.pid });
  });

  test("status, of one folder's project or of none", async () => {
    expect(await daemon.status({})).toMatchObject({ model: { kind: "unloaded" } });
    expect(await daemon.status({ folder: "/project" })).toMatchObject({ projects: [{ id: "project-1" }] });
  });

  test("learned", async () => {
    expect(await daemon.learned({ folder: "/a b/ü" })).toMatchObject({ notices: ["half a record"] });
  });

  test("learned in excerpts, as clients before knew it", async () => {
    const { answer } = await ask({ method: "GET", path: "/learned?folder=/project" });
    expect(learnedResultSchema.parse(answer)).toMatchObject({ adapterVersion: 1, corrections: [] });
  });

  test("draft, piece by piece and as a whole", async () => {
    const pieces: string[] = [];
    const drafted = await daemon.draft(
      { ...place, ...sampled, prefix: "ab", suffix: "" },
      { signal: never, onText: (piece) => pieces.push(piece) },
    );
    expect(pieces).toEqual(["ab!"]);
    expect(drafted).toMatchObject({ text: "ab!", logProbabilities: [-0.5, null], adapterVersion: 1 });
  });

  test("which model answers, or will", async () => {
    expect(await daemon.model(never)).toEqual({ hash: "aa", vocabularyHash: "bb", weights: "auto" });
  });

  test("complete, with something to say and without", async () => {
    expect(await daemon.complete({ ...place, prefix: "ab" }, never)).toEqual({
      kind: "proposed",
      completionId: "1",
      text: "ab!",
      replaces: 0,
      adapterVersion: 1,
      promptTokens: 2,
      tokensRead: 1,
      milliseconds: 3,
    });
    expect(await daemon.complete({ ...place, prefix: "" }, never)).toMatchObject({ kind: "silent" });
  });

  test("chat, piece by piece", async () => {
    const pieces: string[] = [];
    const turns = [{ role: "user" as const, text: "Ada" }];
    const result = await daemon.chat(
      { folder: null, turns },
      { signal: never, onText: (piece) => pieces.push(piece) },
    );
    expect(pieces).toEqual(["Hel", "lo, Ada \n\n\u{1f600}"]);
    expect(result).toMatchObject({ text: "Hello, Ada", stoppedBy: "end" });
  });

  test("teach: kept, steps, learned", async () => {
    const events: TeachEvent[] = [];
    await daemon.teach(
      { ...place, prefix: "a", wanted: "b" },
      { signal: never, onEvent: (e) => events.push(e) },
    );
    expect(events.map(({ kind }) => kind)).toEqual(["kept", "step", "learned"]);
    expect(events.at(-1)).toMatchObject({ learned: { wanted: "b", outcome: { kind: "learned" } } });
  });

  test("undo and pause", async () => {
    expect(await daemon.undo({ folder: "/project", correctionId: "c7" }, never)).toMatchObject({
      correctionId: "c7",
    });
    expect(await daemon.pause({ isPaused: true })).toEqual({ isPaused: true });
    expect((await daemon.status({})).projects[0]?.learning.kind).toBe("paused");
  });

  test("model, with the state of the one that answers then", async () => {
    expect(await daemon.changeModel(never)).toEqual({ kind: "unloaded" });
  });

  test("stop, and only then is it told", async () => {
    expect(await daemon.stop()).toEqual({ pid: process.pid });
    await until(() => stops === 1);
  });
});

describe("refuses, with a code and a sentence", () => {
  const cases: readonly (readonly [string, Asked, number, string])[] = [
    [
      "no token on health",
      { method: "GET", path: "/health", headers: { Authorization: "" } },
      401,
      "token-wrong",
    ],
    [
      "no token on an unknown route",
      { method: "GET", path: "/x", headers: { Authorization: "" } },
      401,
      "token-wrong",
    ],
    ["no token on stop", { path: "/stop", headers: { Authorization: "" }, body: "{}" }, 401, "token-wrong"],
    [
      "an origin",
      { path: "/stop", headers: { Origin: "https://a.example" }, body: "{}" },
      403,
      "origin-foreign",
    ],
    [
      "plain text",
      { path: "/stop", headers: { "Content-Type": "text/plain" }, body: "{}" },
      415,
      "content-type",
    ],
    [
      "a form",
      { path: "/stop", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "a=b" },
      415,
      "content-type",
    ],
    [
      "another charset",
      { path: "/pause", headers: { "Content-Type": "application/json; charset=latin1" }, body: "{}" },
      415,
      "content-type",
    ],
    [
      "a compressed body",
      { path: "/pause", headers: { "Content-Encoding": "gzip" }, body: "{}" },
      415,
      "content-type",
    ],
    ["an unknown route", { method: "GET", path: "/nothing" }, 404, "route-unknown"],
    ["GET where something would change", { method: "GET", path: "/stop" }, 405, "method-wrong"],
    ["PUT", { method: "PUT", path: "/pause", body: "{}" }, 405, "method-wrong"],
    ["POST where nothing changes", { path: "/health", body: "{}" }, 405, "method-wrong"],
    ["broken JSON", { path: "/pause", body: '{"isPaused": secretText' }, 400, "request-invalid"],
    ["JSON that is no object", { path: "/pause", body: "3" }, 400, "request-invalid"],
    ["no body", { path: "/pause" }, 400, "request-invalid"],
    [
      "a body with something more",
      { path: "/pause", body: json({ isPaused: true, more: 1 }) },
      400,
      "request-invalid",
    ],
    [
      "a body of another type",
      { path: "/pause", body: json({ isPaused: "secretText" }) },
      400,
      "request-invalid",
    ],
    [
      "another model than the chosen one",
      { path: "/model", body: json({ name: "a" }) },
      400,
      "request-invalid",
    ],
    ["a stop with arguments", { path: "/stop", body: json({ now: true }) }, 400, "request-invalid"],
    ["a relative folder", { path: "/undo", body: json({ folder: "secretText" }) }, 400, "request-invalid"],
    [
      "a path out of the folder",
      { path: "/complete", body: json({ ...place, path: "a/../../secretText", prefix: "" }) },
      400,
      "request-invalid",
    ],
    [
      "an absolute path",
      { path: "/complete", body: json({ ...place, path: "/secretText", prefix: "" }) },
      400,
      "request-invalid",
    ],
    [
      "a draft without end",
      { path: "/draft", body: json({ ...place, ...sampled, prefix: "", suffix: "", tokensMax: 65_537 }) },
      400,
      "request-invalid",
    ],
    ["a query of something else", { method: "GET", path: "/learned?secretText=1" }, 400, "request-invalid"],
    [
      "a conversation that ends with the model",
      { path: "/chat", body: json({ folder: null, turns: [{ role: "assistant", text: "" }] }) },
      400,
      "request-invalid",
    ],
    [
      "what the product refuses",
      { path: "/complete", body: json({ ...place, prefix: "fail" }) },
      404,
      "correction-unknown",
    ],
  ];
  test.each(cases)("%s", async (_name, asked, status, code) => {
    const answered = await ask(asked);
    expect({ status: answered.status, answer: answered.answer }).toEqual({
      status,
      answer: { code, message: expect.stringMatching(/^[^\n]{10,}$/) },
    });
    expect(json(answered.answer)).not.toContain("secretText");
    expect(answered.headers["access-control-allow-origin"]).toBeUndefined();
    expect(answered.headers["x-powered-by"]).toBeUndefined();
    expect(stops).toBe(0);
  });

  test("a body that is too large", async () => {
    const body = Buffer.alloc(BODY_BYTES_MAX + 1, " ");
    expect(await ask({ path: "/pause", body })).toMatchObject({
      status: 413,
      answer: { code: "body-too-large" },
    });
  });

  test("a mistake in the program: nothing of the inside is told, and it is logged", async () => {
    const answered = await ask({ path: "/complete", body: json({ ...place, prefix: "bug" }) });
    expect(answered).toMatchObject({ status: 500, answer: { code: "internal" } });
    expect(json(answered.answer)).not.toContain("secret");
    expect(logged).toEqual([{ event: "request failed", error: expect.any(TypeError) }]);
  });

  test("everything while it is ending", async () => {
    isDraining = true;
    await expect(daemon.health()).rejects.toMatchObject({ code: "daemon-refused", daemonCode: "draining" });
  });

  test("what was under way when it ended: as what comes later, and without an error in the log", async () => {
    const asked = daemon.complete({ ...place, prefix: "closed" }, never);
    await expect(asked).rejects.toMatchObject({ code: "daemon-refused", daemonCode: "draining" });
    expect(logged).toEqual([]);
  });

  test("says with which method a route is asked", async () => {
    expect((await ask({ method: "GET", path: "/undo" })).headers.allow).toBe("POST");
  });

  test("a failure behind the beginning of a stream is its last event", async () => {
    const turns = [{ role: "user" as const, text: "fail" }];
    const chat = daemon.chat({ folder: null, turns }, { signal: never, onText: () => {} });
    await expect(chat).rejects.toMatchObject({
      code: "correction-unknown",
      message: expect.stringContaining("list"),
    });
    const teach = daemon.teach(
      { ...place, prefix: "", wanted: "fail" },
      { signal: never, onEvent: () => {} },
    );
    await expect(teach).rejects.toMatchObject({ code: "correction-unknown" });
  });
});

describe("a client that leaves", () => {
  test("gives up its completion", async () => {
    const leaving = new AbortController();
    const asked = daemon.complete({ ...place, prefix: "wait" }, leaving.signal);
    await until(() => leases === 1);
    leaving.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    await until(() => assistant.aborted.length === 1 && leases === 0 && assistant.clients === 0);
  });

  test("gives up its answer in the middle of it", async () => {
    const leaving = new AbortController();
    const turns = [{ role: "user" as const, text: "wait" }];
    const asked = daemon.chat(
      { folder: null, turns },
      { signal: leaving.signal, onText: () => leaving.abort() },
    );
    await expect(asked).rejects.toThrow();
    await until(() => assistant.aborted.includes("wait") && leases === 0 && assistant.clients === 0);
  });

  test("that reads too slowly is cut off", async () => {
    const asked = request({
      socketPath,
      method: "POST",
      path: "/chat",
      headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    });
    asked.on("error", () => {});
    asked.end(json({ folder: null, turns: [{ role: "user", text: "flood" }] }));
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    response.on("error", () => {});
    // It reads nothing.
    await until(() => assistant.aborted.includes("flood") && leases === 0);
    response.destroy();
  });
});

it("bounds how many requests run at once", async () => {
  const leaving = new AbortController();
  setMaxListeners(0, leaving.signal);
  const waiting = Array.from({ length: 32 }, () =>
    daemon.complete({ ...place, prefix: "wait" }, leaving.signal).catch(() => undefined),
  );
  await until(() => leases === 32);
  await expect(daemon.health()).rejects.toMatchObject({ daemonCode: "too-many-requests" });
  leaving.abort();
  await Promise.all(waiting);
  await until(() => leases === 0);
  expect(await daemon.health()).toMatchObject({ version: "1.2.3" });
});

it("a look takes no lease, work does while it runs", async () => {
  await daemon.health();
  await daemon.status({});
  expect(leasesTaken).toBe(0);
  const leaving = new AbortController();
  const asked = daemon.complete({ ...place, prefix: "wait" }, leaving.signal).catch(() => undefined);
  await until(() => leases === 1);
  leaving.abort();
  await asked;
  expect(leasesTaken).toBe(1);
});

it("tells a client that the daemon is gone", async () => {
  server.close();
  await expect(daemon.health()).rejects.toMatchObject({ code: "daemon-absent" });
});

it("tells a client that it has the wrong token", async () => {
  const stranger = createHttpClient({ socketPath, token: "b".repeat(64) });
  await expect(stranger.health()).rejects.toMatchObject({
    code: "daemon-refused",
    daemonCode: "token-wrong",
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address ? address.port : 0;
}

describe("on a port", () => {
  let port: number;
  beforeEach(async () => {
    port = await freePort();
    const onPort = makeServer(port);
    others.push(onPort);
    await listenOnPort(onPort, port);
  });

  test("answers its own name", async () => {
    expect(await ask({ method: "GET", path: "/health", port })).toMatchObject({ status: 200 });
  });

  test("refuses another name that leads here, before anything else", async () => {
    const answered = await ask({
      method: "GET",
      path: "/health",
      port,
      headers: { Host: "attacker.example" },
    });
    expect(answered).toMatchObject({ status: 403, answer: { code: "host-foreign" } });
  });

  test("does not answer what browsers ask before they send", async () => {
    const headers = {
      Origin: "https://a.example",
      "Access-Control-Request-Method": "POST",
      Authorization: "",
    };
    const answered = await ask({ method: "OPTIONS", path: "/teach", port, headers });
    expect(answered.status).toBe(403);
    expect(Object.keys(answered.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});
