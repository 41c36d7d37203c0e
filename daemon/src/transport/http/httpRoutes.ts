/** What each HTTP route asks of the Assistant: a parsed body in, an answer or a stream of events out. */

import { isAbsolute, normalize, sep } from "node:path";
import type { z } from "zod";
import type { Assistant, Client, Where } from "../../assistant/assistant.js";
import { inExcerpts } from "../../assistant/learnedInFull.js";
import { AppError } from "../../base/errors.js";
import type { ChatResult } from "../../protocol/chat.js";
import type { LearnedInFull, LearnedResult, ResetResult, UndoResult } from "../../protocol/corrections.js";
import {
  type CompleteAnswer,
  chatBodySchema,
  completeBodySchema,
  type DraftAnswer,
  type DraftBody,
  draftBodySchema,
  learnedQuerySchema,
  modelBodySchema,
  resetBodySchema,
  statusQuerySchema,
  type TeachEvent,
  teachBodySchema,
  undoBodySchema,
} from "../../protocol/routes.js";
import {
  type DaemonState,
  type ModelState,
  type PauseParams,
  pauseParamsSchema,
} from "../../protocol/state.js";

/** Each request is a client of its own: it holds its lease no longer than it runs. */
async function asClient<T>(assistant: Assistant, work: (client: Client) => Promise<T>): Promise<T> {
  const client = assistant.connect({ onState: () => undefined, onLearned: () => undefined });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

export function status(assistant: Assistant, query: unknown): Promise<DaemonState> {
  const { folder } = parse(statusQuerySchema, query);
  return asClient(assistant, async (client) => ({
    ...(await client.state(folder === undefined ? undefined : { file: null, folder: absolute(folder) })),
    memory: assistant.memory(),
  }));
}

export function learned(assistant: Assistant, query: unknown): Promise<LearnedResult | LearnedInFull> {
  const { folder, texts } = parse(learnedQuerySchema, query);
  return asClient(assistant, async (client) => {
    const list = await client.learned({ file: null, folder: absolute(folder) });
    return texts === "whole" ? list : inExcerpts(list);
  });
}

/** Undefined: the request was given up. */
export function complete(
  assistant: Assistant,
  request: { readonly body: unknown; readonly signal: AbortSignal },
): Promise<CompleteAnswer | undefined> {
  const { prefix, suffix, ...place } = parse(completeBodySchema, request.body);
  const where = placeOf(place);
  const sessionKey = `http:${where.folder}/${where.path}`;
  return asClient(assistant, async (client): Promise<CompleteAnswer | undefined> => {
    const answer = await client.complete({ where, prefix, suffix, sessionKey, signal: request.signal });
    return answer.kind === "cancelled" ? undefined : answer;
  });
}

/** Parses at once as `chat` does. Undefined: the request was given up. */
export function draft(
  assistant: Assistant,
  request: { readonly body: unknown; readonly signal: AbortSignal },
): (onText: (text: string) => void) => Promise<DraftAnswer | undefined> {
  const { folder, path, language, prefix, suffix, ...wanted } = parse(draftBodySchema, request.body);
  const { adapter, stop, tokensMax, ...sampling } = wanted;
  const where = placeOf({ folder, path, language });
  if (typeof adapter === "object" && !isAbsolute(adapter.file))
    throw invalid("file must be an absolute path");
  const { signal } = request;
  const asked = { where, prefix, suffix, adapter, stop, tokensMax, sampling, signal };
  return (onText) => asClient(assistant, (client) => client.draft({ ...asked, onText }));
}

/** Parses at once, so that a wrong body is refused before a stream begins. */
export function chat(
  assistant: Assistant,
  request: { readonly body: unknown; readonly signal: AbortSignal },
): (onText: (text: string) => void) => Promise<ChatResult> {
  const { folder, turns } = parse(chatBodySchema, request.body);
  const where = { file: null, folder: folder === null ? null : absolute(folder) };
  if (turns.at(-1)?.role !== "user") throw invalid("the last turn must be the user's");
  return (onText) =>
    asClient(assistant, (client) => client.chat({ where, turns, signal: request.signal, onText }));
}

/** Parses at once as well. Training goes on when nobody listens any more: what was taught is kept. */
export function teach(
  assistant: Assistant,
  body: unknown,
): (onEvent: (event: TeachEvent) => void) => Promise<void> {
  const { prefix, suffix, wanted, rejected, secrets, ...place } = parse(teachBodySchema, body);
  const where = placeOf(place);
  const correction = { where, prefix, suffix, wanted, secrets };
  return (onEvent) =>
    asClient(assistant, async (client) => {
      const { correctionId, project, replaces, done } = await client.correctPlace(
        rejected === undefined ? correction : { ...correction, rejected },
        {
          onStep: ({ step, stepsMax, loss, margin }) =>
            onEvent({ kind: "step", step, stepsMax, loss, margin }),
        },
      );
      onEvent({ kind: "kept", correctionId, project, replaces });
      onEvent({ kind: "learned", learned: await done });
    });
}

export function undo(assistant: Assistant, body: unknown): Promise<UndoResult> {
  const { folder, correctionId } = parse(undoBodySchema, body);
  const where = { file: null, folder: absolute(folder) };
  return asClient(assistant, (client) =>
    client.undo(correctionId === undefined ? { where } : { where, correctionId }),
  );
}

export function reset(assistant: Assistant, body: unknown): Promise<ResetResult> {
  const { folder, action } = parse(resetBodySchema, body);
  const where = { file: null, folder: absolute(folder) };
  return asClient(assistant, (client) => client.reset({ where, action }));
}

export function pause(assistant: Assistant, body: unknown): Promise<PauseParams> {
  const { isPaused } = parse(pauseParamsSchema, body);
  return asClient(assistant, async (client) => {
    client.setPaused(isPaused);
    return { isPaused };
  });
}

export function changeModel(assistant: Assistant, body: unknown): Promise<ModelState> {
  parse(modelBodySchema, body);
  return assistant.changeModel();
}

/** The message names what does not fit and never quotes it. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue?.path.join(".") || "the request";
  throw invalid(`${name} does not fit: ${issue?.message ?? "it is not what this route takes"}`);
}

/** The project is the folder's, and nothing is read at `path`: it is the name that the model is given. */
function placeOf({ folder, path, language }: Pick<DraftBody, "folder" | "path" | "language">): Where {
  const inside = normalize(path);
  if (isAbsolute(inside) || inside.split(/[\\/]/)[0] === "..") {
    throw invalid("path must lie within folder: give it relative to it");
  }
  const where = { folder: absolute(folder), file: null, path: inside.split(sep).join("/") };
  return language === undefined ? where : { ...where, language };
}

function absolute(folder: string): string {
  if (!isAbsolute(folder) || folder.includes("\0")) throw invalid("folder must be an absolute path");
  return normalize(folder);
}

function invalid(message: string): AppError {
  return new AppError("request-invalid", message);
}
