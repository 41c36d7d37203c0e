/**
 * The HTTP server: the routes of `protocol/routes.ts` for programs that are no editors, on the daemon's private socket
 * and, where a setting asks for it, on a port of the loopback address. Guards stand in `httpGuards.ts`, what the
 * routes do in `httpRoutes.ts`.
 */

import { createServer, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Assistant } from "../../assistant/assistant.js";
import type { Log } from "../../base/log.js";
import { BODY_BYTES_MAX, ROUTES, stopBodySchema } from "../../protocol/routes.js";
import { startEvents } from "./eventStream.js";
import { draining, HttpRefusal, httpFailure } from "./httpErrors.js";
import { type Listener, refusalOf } from "./httpGuards.js";
import {
  changeModel,
  chat,
  complete,
  draft,
  learned,
  parse,
  pause,
  reset,
  status,
  teach,
  undo,
} from "./httpRoutes.js";

/** Programs of one person; more at one time are a mistake in one of them. */
const CONNECTIONS_MAX = 64;
const REQUESTS_MAX = 32;
/** Of one connection, with those whose answers it has not read: the others' places are not one program's to take. */
const REQUESTS_OF_CONNECTION_MAX = 8;
/** Headers are a token and a few lines. */
const HEADER_BYTES_MAX = 8 << 10;
const HEADERS_MS_MAX = 5_000;
/** The largest body over a local socket takes a fraction of this. */
const REQUEST_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 5_000;

interface HttpServerOptions {
  readonly listener: Listener;
  readonly assistant: Assistant;
  readonly version: string;
  readonly log: Log;
  readonly isDraining: () => boolean;
  /** A client asked the daemon to end, and has been answered. */
  readonly onStop: () => void;
  /** A request that is work, not a look: while it runs, the daemon is not idle. */
  readonly takeLease: () => { release(): void };
}

/** Not listening yet. */
export function createHttpServer(options: HttpServerOptions): Server {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // How often the two limits above are looked after.
      connectionsCheckingInterval: 1_000,
    },
    createApp(options),
  );
  server.maxConnections = CONNECTIONS_MAX;
  // Out of files for a moment, say: the next program may be let in again.
  server.on("error", (error) => options.log.error({ error }, "a program could not be accepted"));
  return server;
}

function createApp(options: HttpServerOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.use(guard(options));
  app.use(express.json({ limit: BODY_BYTES_MAX, inflate: false }));
  addLooks(app, options);
  addWork(app, options);
  app.use(unknownRoute);
  app.use(answerFailure(options.log));
  return app;
}

function guard({ listener, isDraining }: HttpServerOptions): RequestHandler {
  let running = 0;
  const ofConnection = new WeakMap<Socket, number>();
  return (request, response, next) => {
    const refusal = refusalOf(request, listener);
    if (refusal) throw refusal;
    if (isDraining()) throw draining();
    const { socket } = request;
    const own = ofConnection.get(socket) ?? 0;
    if (running >= REQUESTS_MAX || own >= REQUESTS_OF_CONNECTION_MAX) {
      throw new HttpRefusal(
        503,
        "too-many-requests",
        "too many requests run at once; ask again when some are done",
      );
    }
    running += 1;
    ofConnection.set(socket, own + 1);
    response.once("close", () => {
      running -= 1;
      ofConnection.set(socket, (ofConnection.get(socket) ?? 1) - 1);
    });
    next();
  };
}

/** GET: changes nothing and keeps nothing awake. */
function addLooks(app: Express, { assistant, version }: HttpServerOptions): void {
  app.get(ROUTES.health, (_request, response) => {
    response.json({ version, pid: process.pid });
  });
  app.get(ROUTES.status, async (request, response) => {
    response.json(await status(assistant, request.query));
  });
  app.get(ROUTES.learned, async (request, response) => {
    response.json(await learned(assistant, request.query));
  });
  app.get(ROUTES.model, async (_request, response) => {
    response.json(await assistant.servedModel());
  });
}

function addWork(app: Express, options: HttpServerOptions): void {
  const { assistant, log, takeLease, onStop } = options;
  const work: RequestHandler = (_request, response, next) => {
    const lease = takeLease();
    response.once("close", () => lease.release());
    next();
  };
  app.post(ROUTES.complete, work, async (request, response) => {
    const answer = await complete(assistant, { body: request.body, signal: signalOf(response) });
    if (answer) response.json(answer);
    else response.destroy();
  });
  app.post(ROUTES.draft, work, async (request, response) => {
    const run = draft(assistant, { body: request.body, signal: signalOf(response) });
    await answerEvents({ response, log }, async (send) => {
      send("done", await run((text) => send("text", text)));
    });
  });
  app.post(ROUTES.chat, work, async (request, response) => {
    const run = chat(assistant, { body: request.body, signal: signalOf(response) });
    await answerEvents({ response, log }, async (send) => {
      send("done", await run((text) => send("text", text)));
    });
  });
  app.post(ROUTES.teach, work, async (request, response) => {
    const run = teach(assistant, request.body);
    await answerEvents({ response, log }, (send) => run((event) => send(event.kind, event)));
  });
  app.post(ROUTES.undo, work, async (request, response) => {
    response.json(await undo(assistant, request.body));
  });
  app.post(ROUTES.reset, work, async (request, response) => {
    response.json(await reset(assistant, request.body));
  });
  app.post(ROUTES.pause, async (request, response) => {
    response.json(await pause(assistant, request.body));
  });
  app.post(ROUTES.model, work, async (request, response) => {
    response.json(await changeModel(assistant, request.body));
  });
  app.post(ROUTES.stop, (request, response) => {
    parse(stopBodySchema, request.body);
    response.once("close", onStop);
    response.set("Connection", "close").json({ pid: process.pid });
  });
}

/** Aborts when the client leaves before it has its answer. */
function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Once a stream has begun, a failure is its last event. */
async function answerEvents(
  to: { readonly response: ServerResponse; readonly log: Log },
  run: (send: (name: string, data: unknown) => void) => Promise<void>,
): Promise<void> {
  const events = startEvents(to.response);
  try {
    await run((name, data) => events.send({ name, data }));
  } catch (error) {
    const { answer, status: statusCode } = httpFailure(error);
    if (statusCode === 500) to.log.error({ error }, "request failed");
    events.send({ name: "error", data: answer });
  }
  events.end();
}

/** What `Allow` says of each route. */
const METHODS: Readonly<Record<string, string>> = {
  [ROUTES.health]: "GET",
  [ROUTES.status]: "GET",
  [ROUTES.learned]: "GET",
  [ROUTES.complete]: "POST",
  [ROUTES.draft]: "POST",
  [ROUTES.chat]: "POST",
  [ROUTES.teach]: "POST",
  [ROUTES.undo]: "POST",
  [ROUTES.reset]: "POST",
  [ROUTES.pause]: "POST",
  [ROUTES.model]: "GET, POST",
  [ROUTES.stop]: "POST",
};

const unknownRoute: RequestHandler = (request, response) => {
  const method = METHODS[request.path];
  if (method === undefined) throw new HttpRefusal(404, "route-unknown", "there is no such route");
  response.set("Allow", method);
  throw new HttpRefusal(405, "method-wrong", `ask this route with ${method.replace(", ", " or ")}`);
};

function answerFailure(log: Log): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const { status: statusCode, answer } = httpFailure(error);
    if (statusCode === 500)
      log.error({ error, route: METHODS[request.path] && request.path }, "request failed");
    else log.debug({ status: statusCode, code: answer.code }, "request refused");
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // What is left of a refused body is not worth reading.
    if (!request.complete) response.set("Connection", "close");
    if (statusCode === 401) response.set("WWW-Authenticate", "Bearer");
    response.status(statusCode).json(answer);
  };
}
