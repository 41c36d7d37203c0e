/** What the daemon is doing, as one value: pushed to a client when it changes, and to be asked for. */

import { z } from "zod";
import { projectSchema, uriSchema } from "./places.js";

export const modelStateSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("unloaded") }),
  z.strictObject({ kind: z.literal("loading") }),
  z.strictObject({
    kind: z.literal("ready"),
    name: z.string(),
    isEmbedded: z.boolean(),
    parameters: z.int().positive(),
    /** False: the model has no form for turns, or is too small to hold a conversation. */
    canConverse: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("failed"), code: z.string(), message: z.string() }),
]);
export type ModelState = z.infer<typeof modelStateSchema>;

const learningStateSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("idle") }),
  z.strictObject({
    kind: z.literal("learning"),
    correctionId: z.string(),
    step: z.int().nonnegative(),
    stepsMax: z.int().positive(),
    loss: z.number().nullable(),
    /** Corrections that wait behind this one. */
    waiting: z.int().nonnegative(),
  }),
  z.strictObject({ kind: z.literal("paused"), waiting: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal("failed"), code: z.string(), message: z.string() }),
]);
export type LearningState = z.infer<typeof learningStateSchema>;

const projectStateSchema = z.strictObject({
  ...projectSchema.shape,
  /** Absolute path. */
  folder: z.string(),
  adapterVersion: z.int().nonnegative(),
  /** Corrections that the adapter holds. */
  learned: z.int().nonnegative(),
  learning: learningStateSchema,
});
export type ProjectState = z.infer<typeof projectStateSchema>;

/** What the daemon's process holds of one kind, and how much it may at most; null: nothing but need bounds it. */
const heldMemorySchema = z.strictObject({
  name: z.string(),
  bytes: z.int().nonnegative(),
  bytesMax: z.int().positive().nullable(),
});
export type HeldMemory = z.infer<typeof heldMemorySchema>;

/** Everything a client may see: of projects, only those that it has opened files or folders of. */
export const daemonStateSchema = z.strictObject({
  version: z.string(),
  pid: z.int().positive(),
  /** Absolute path of the data home. */
  home: z.string(),
  model: modelStateSchema,
  projects: z.array(projectStateSchema),
  /** Sentences about what was found wrong and dealt with; a client shows each once. */
  notices: z.array(z.string()),
  /** Those of them that say that something chosen or taught is not in use: a client tells each, not only when asked. */
  losses: z.array(z.string()).optional(),
  /** Only in the answer to `ouro status`: an older client, who reads strictly, is never sent it. */
  memory: z.array(heldMemorySchema).optional(),
});
export type DaemonState = z.infer<typeof daemonStateSchema>;

/** `uri`: a document or folder whose project the answer must contain. */
export const stateParamsSchema = z.strictObject({ uri: uriSchema.nullable() });

/** Stops or resumes training for every project; what is taught meanwhile is kept and waits. */
export const pauseParamsSchema = z.strictObject({ isPaused: z.boolean() });
export type PauseParams = z.infer<typeof pauseParamsSchema>;
