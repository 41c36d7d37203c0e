/**
 * The HTTP routes: paths, bodies, answers. `health`, `status` and `learned` are asked with GET and change nothing, as is
 * `model` for what answers; the others, and `model` for a change, with POST and a JSON body. Answers about a project are
 * about that of a folder, or of a file in it.
 */

import { z } from "zod";
import {
  correctResultSchema,
  didLearnSchema,
  resetActionSchema,
  secretsAnswerSchema,
} from "./corrections.js";
import { idSchema, textSchema } from "./places.js";
import { modelStateSchema, pauseParamsSchema } from "./state.js";
import { completionSchema } from "./suggestions.js";
import { turnsSchema } from "./turns.js";

/** Above the largest text that any route takes. */
export const BODY_BYTES_MAX = 8 << 20;

const folder = z.string().min(1).max(4096);
const document = z.string().max(4 << 20);

export const ROUTES = {
  health: "/health",
  status: "/status",
  complete: "/complete",
  draft: "/draft",
  chat: "/chat",
  teach: "/teach",
  undo: "/undo",
  reset: "/reset",
  learned: "/learned",
  pause: "/pause",
  model: "/model",
  stop: "/stop",
} as const;

const place = {
  /** Absolute path of the project's folder or of any folder in it. */
  folder,
  /** Path of the file within the project, `/` between names. */
  path: z.string().min(1).max(4096),
  /** Id of the text's language as LSP has it, `python` for one: speaks where the path does not. */
  language: z.string().max(64).optional(),
  prefix: document,
  suffix: document.default(""),
};

export const completeBodySchema = z.strictObject(place);

export const completeAnswerSchema = z.discriminatedUnion("kind", [
  completionSchema,
  /** The model has nothing worth showing to say there. */
  z.strictObject({ kind: z.literal("silent"), reason: z.string() }),
]);
export type CompleteAnswer = z.infer<typeof completeAnswerSchema>;

/** More than anybody reads; who wants more asks again. */
export const DRAFT_TOKENS_MAX = 65_536;

/** What the model writes, as it writes it: nothing is left out as not worth showing, and nothing remembered. */
export const draftBodySchema = z.strictObject({
  ...place,
  /** The one that writes: the model with what the project taught it, as it came, or with the adapter in a file of `ouro train`. */
  adapter: z.union([
    z.enum(["learned", "none"]),
    z.strictObject({ /** Absolute. */ file: z.string().min(1).max(4096) }),
  ]),
  /** It ends before this text; empty: only the model or `tokensMax` ends it. */
  stop: textSchema,
  tokensMax: z.int().positive().max(DRAFT_TOKENS_MAX),
  temperature: z.number().nonnegative(),
  topP: z.number().nonnegative(),
  topK: z.int().nonnegative(),
  seed: z.int().nonnegative(),
});
export type DraftBody = z.infer<typeof draftBodySchema>;

/** Answered as server-sent events: `text` with a JSON string, then `done` with this, or `error`. */
export const draftAnswerSchema = z.strictObject({
  text: z.string(),
  stoppedBy: z.string(),
  promptTokens: z.int().nonnegative(),
  tokens: z.array(z.int().nonnegative()),
  /** Natural logarithms; null for one that is no number. */
  logProbabilities: z.array(z.number().nullable()),
  /** The version of the project's adapter; 0 where what it was taught has no part in the answer. */
  adapterVersion: z.int().nonnegative(),
  /** Reading the prompt and writing; without loading the model. */
  seconds: z.number().nonnegative(),
  /** What was found wrong with what the project taught: sentences. */
  notices: z.array(z.string()),
});
export type DraftAnswer = z.infer<typeof draftAnswerSchema>;

/** Answered as server-sent events: `text` with a JSON string, then `done` with a `ChatResult`, or `error`. */
export const chatBodySchema = z.strictObject({ folder: folder.nullable(), turns: turnsSchema });
export type ChatBody = z.infer<typeof chatBodySchema>;

export const teachBodySchema = z.strictObject({
  ...place,
  rejected: textSchema.optional(),
  wanted: textSchema,
  secrets: secretsAnswerSchema.optional(),
});
export type TeachBody = z.infer<typeof teachBodySchema>;

/** Answered as server-sent events: `kept` once it is on disk, `step` while it trains, then `learned`; or `error`. */
export const teachEventSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("kept"), ...correctResultSchema.shape }),
  z.strictObject({
    kind: z.literal("step"),
    step: z.int().positive(),
    stepsMax: z.int().positive(),
    loss: z.number(),
    margin: z.number(),
  }),
  z.strictObject({ kind: z.literal("learned"), learned: didLearnSchema }),
]);
export type TeachEvent = z.infer<typeof teachEventSchema>;

export const undoBodySchema = z.strictObject({ folder, correctionId: idSchema.optional() });
export type UndoBody = z.infer<typeof undoBodySchema>;

export const resetBodySchema = z.strictObject({ folder, action: resetActionSchema });
export type ResetBody = z.infer<typeof resetBodySchema>;

/** The query of `status`: a folder whose project the state must tell of. */
export const statusQuerySchema = z.strictObject({ folder: folder.optional() });
/** `texts`: excerpts of one line in a `LearnedResult`, or all of them in a `LearnedInFull`. */
export const learnedQuerySchema = z.strictObject({
  folder,
  texts: z.enum(["excerpts", "whole"]).default("excerpts"),
});

export const healthAnswerSchema = z.strictObject({ version: z.string(), pid: z.int().positive() });
export type HealthAnswer = z.infer<typeof healthAnswerSchema>;

export const pauseAnswerSchema = pauseParamsSchema;

/** The model that answers or, where none is loaded, the one that will. */
export const servedModelSchema = z.strictObject({
  /** Sha256 of the file. */
  hash: z.string(),
  vocabularyHash: z.string(),
  /** How its weights lie in memory; `auto`: as the file has them, and it is not loaded. */
  weights: z.string(),
});
export type ServedModelAnswer = z.infer<typeof servedModelSchema>;

export const modelBodySchema = z.strictObject({});
/** Asked once another model was chosen; answered when it answers, or by why it cannot and the one before goes on. */
export const modelAnswerSchema = modelStateSchema;

export const stopBodySchema = z.strictObject({});
/** The process that is going to end. */
export const stopAnswerSchema = z.strictObject({ pid: z.int().positive() });
export type StopAnswer = z.infer<typeof stopAnswerSchema>;

/** Any refusal: a stable code and one sentence. */
export const errorAnswerSchema = z.strictObject({ code: z.string(), message: z.string() });
export type ErrorAnswer = z.infer<typeof errorAnswerSchema>;
