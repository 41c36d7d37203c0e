/**
 * The client's side of HTTP: what commands ask the daemon, over its private socket. Answers are parsed with
 * the schemas of the protocol; a refusal becomes the AppError that it was on the other side.
 */

import { type IncomingMessage, request } from "node:http";
import { z } from "zod";
import { APP_ERROR_CODES, AppError, type AppErrorCode, systemErrorCode } from "../../base/errors.js";
import { type ChatResult, chatResultSchema } from "../../protocol/chat.js";
import {
  type LearnedInFull,
  learnedInFullSchema,
  type ResetResult,
  resetResultSchema,
  type UndoResult,
  undoResultSchema,
} from "../../protocol/corrections.js";
import {
  type ChatBody,
  type CompleteAnswer,
  completeAnswerSchema,
  type DraftAnswer,
  type DraftBody,
  draftAnswerSchema,
  errorAnswerSchema,
  type HealthAnswer,
  healthAnswerSchema,
  modelAnswerSchema,
  pauseAnswerSchema,
  type ResetBody,
  ROUTES,
  type ServedModelAnswer,
  type StopAnswer,
  servedModelSchema,
  stopAnswerSchema,
  type TeachBody,
  type TeachEvent,
  teachEventSchema,
  type UndoBody,
} from "../../protocol/routes.js";
import {
  type DaemonState,
  daemonStateSchema,
  type ModelState,
  type PauseParams,
} from "../../protocol/state.js";
import { readEvents } from "./eventStream.js";

/** What the daemon says at most in one answer; `learned` lists a project's corrections with their texts. */
const ANSWER_BYTES_MAX = 64 << 20;
/** A daemon says that it is there between two tasks of its event loop; only a broken one takes longer. */
const HEALTH_MS_MAX = 5_000;

export interface HttpClient {
  health(signal?: AbortSignal): Promise<HealthAnswer>;
  status(query: { readonly folder?: string }): Promise<DaemonState>;
  learned(query: { readonly folder: string }, signal?: AbortSignal): Promise<LearnedInFull>;
  complete(body: CompleteRequest, signal: AbortSignal): Promise<CompleteAnswer>;
  draft(body: DraftBody, run: ChatRun): Promise<DraftAnswer>;
  chat(body: ChatBody, run: ChatRun): Promise<ChatResult>;
  /** Resolves when the correction was trained; throws when it could not be kept. */
  teach(body: TeachRequest, run: TeachRun): Promise<void>;
  undo(body: UndoBody, signal: AbortSignal): Promise<UndoResult>;
  reset(body: ResetBody, signal: AbortSignal): Promise<ResetResult>;
  pause(body: PauseParams): Promise<PauseParams>;
  /** The model that answers or, where none is loaded, the one that will. */
  model(signal: AbortSignal): Promise<ServedModelAnswer>;
  /** Resolves when the model that is chosen by now answers. */
  changeModel(signal: AbortSignal): Promise<ModelState>;
  stop(): Promise<StopAnswer>;
}

type CompleteRequest = Omit<TeachRequest, "wanted" | "rejected">;
/** The body as a client writes it: without a suffix there is none. */
export type TeachRequest = Omit<TeachBody, "suffix"> & { readonly suffix?: string };

interface ChatRun {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

interface TeachRun {
  readonly signal: AbortSignal;
  readonly onEvent: (event: TeachEvent) => void;
}

interface Daemon {
  readonly socketPath: string;
  readonly token: string;
}

interface Question {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Every method throws AppError: the daemon's own, `daemon-refused`, or `daemon-absent` when it is gone. Aborted, and
 * for `health` out of time, it throws an AbortError.
 */
export function createHttpClient(daemon: Daemon): HttpClient {
  const get = <T>(
    schema: z.ZodType<T>,
    route: string,
    query: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ) => {
    const search = new URLSearchParams(query).toString();
    const path = search === "" ? route : `${route}?${search}`;
    return askJson(daemon, schema, { method: "GET", path, ...(signal && { signal }) });
  };
  const health = (givenUp?: AbortSignal) => {
    const late = AbortSignal.timeout(HEALTH_MS_MAX);
    const signal = givenUp ? AbortSignal.any([late, givenUp]) : late;
    return askJson(daemon, healthAnswerSchema, { method: "GET", path: ROUTES.health, signal });
  };
  const post = <T>(schema: z.ZodType<T>, path: string, rest: Pick<Question, "body" | "signal">) =>
    askJson(daemon, schema, { method: "POST", path, ...rest });
  return {
    health,
    status: (query) => get(daemonStateSchema, ROUTES.status, query),
    learned: (query, signal) =>
      get(learnedInFullSchema, ROUTES.learned, { ...query, texts: "whole" }, signal),
    complete: (body, signal) => post(completeAnswerSchema, ROUTES.complete, { body, signal }),
    undo: (body, signal) => post(undoResultSchema, ROUTES.undo, { body, signal }),
    reset: (body, signal) => post(resetResultSchema, ROUTES.reset, { body, signal }),
    pause: (body) => post(pauseAnswerSchema, ROUTES.pause, { body }),
    model: (signal) => get(servedModelSchema, ROUTES.model, {}, signal),
    changeModel: (signal) => post(modelAnswerSchema, ROUTES.model, { body: {}, signal }),
    stop: () => post(stopAnswerSchema, ROUTES.stop, { body: {} }),
    draft: (body, run) => untilDone(daemon, { path: ROUTES.draft, body }, draftAnswerSchema, run),
    chat: (body, run) => untilDone(daemon, { path: ROUTES.chat, body }, chatResultSchema, run),
    teach: (body, run) => teach(daemon, body, run),
  };
}

/** A text that comes piece by piece, and then what is to be said of the whole. */
async function untilDone<T>(
  daemon: Daemon,
  question: { readonly path: string; readonly body: unknown },
  schema: z.ZodType<T>,
  { signal, onText }: ChatRun,
): Promise<T> {
  for await (const { name, data } of askEvents(daemon, { method: "POST", ...question, signal })) {
    if (name === "text") onText(parseAnswer(z.string(), data));
    if (name === "done") return parseAnswer(schema, data);
  }
  throw gone();
}

async function teach(daemon: Daemon, body: TeachRequest, { signal, onEvent }: TeachRun): Promise<void> {
  const question = { method: "POST", path: ROUTES.teach, body, signal } as const;
  for await (const { data } of askEvents(daemon, question)) {
    const event = parseAnswer(teachEventSchema, data);
    onEvent(event);
    if (event.kind === "learned") return;
  }
  throw gone();
}

async function* askEvents(daemon: Daemon, question: Question) {
  const response = await send(daemon, question);
  if (response.statusCode !== 200) throw refusal(await readJson(response));
  for await (const event of readEvents(chunksOf(response))) {
    if (event.name === "error") throw refusal(event.data);
    yield event;
  }
}

async function askJson<T>(daemon: Daemon, schema: z.ZodType<T>, question: Question): Promise<T> {
  const response = await send(daemon, question);
  const answer = await readJson(response);
  if (response.statusCode !== 200) throw refusal(answer);
  return parseAnswer(schema, answer);
}

function send(daemon: Daemon, { method, path, body, signal }: Question): Promise<IncomingMessage> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath: daemon.socketPath,
        method,
        path,
        agent: false,
        headers: {
          Host: "localhost",
          Authorization: `Bearer ${daemon.token}`,
          ...(content === undefined
            ? {}
            : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(content) }),
        },
        ...(signal ? { signal } : {}),
      },
      resolve,
    );
    // Stays: a request that is given up may fail more than once.
    asked.on("error", (error) => reject(signal?.aborted ? error : gone(error)));
    asked.end(content);
  });
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response)) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw unreadable();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw unreadable(error);
  }
}

/** A daemon that dies in the middle of an answer is gone; a request that is given up ends as such. */
async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (error) {
    throw systemErrorCode(error) === "ECONNRESET" ? gone(error) : error;
  }
}

function parseAnswer<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw unreadable(parsed.error);
  return parsed.data;
}

function refusal(answer: unknown): AppError {
  const { code, message } = parseAnswer(errorAnswerSchema, answer);
  return isAppErrorCode(code) ? new AppError(code, message) : new DaemonRefusal(code, message);
}

/** A refusal whose code is none of this program's own errors: the server's, or the engine's. */
export class DaemonRefusal extends AppError {
  readonly daemonCode: string;
  constructor(daemonCode: string, message: string) {
    super("daemon-refused", message);
    this.daemonCode = daemonCode;
  }
}

function isAppErrorCode(code: string): code is AppErrorCode {
  return code in APP_ERROR_CODES;
}

function gone(cause?: unknown): AppError {
  return new AppError("daemon-absent", "the daemon is not there any more; `ouro start` starts it again", {
    cause,
  });
}

function unreadable(cause?: unknown): AppError {
  return new AppError(
    "daemon-refused",
    "the daemon's answer cannot be read; use one version of ouro everywhere",
    {
      cause,
    },
  );
}
