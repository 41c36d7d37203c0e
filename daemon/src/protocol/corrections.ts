/** Teaching and un-teaching: what a client says was wrong, and what the daemon answers, at once and later. */

import { z } from "zod";
import { documentSchema, idSchema, projectSchema, rangeSchema, textSchema, uriSchema } from "./places.js";
import { turnSchema, turnsSchema } from "./turns.js";

/** What is to become of secrets in the wanted text. Without it: `ask`, refused with the code `correction-secret`. */
export const secretsAnswerSchema = z.enum(["ask", "teach", "placeholder"]);
export type SecretsAnswer = z.infer<typeof secretsAnswerSchema>;

const secrets = secretsAnswerSchema.optional();

export const correctParamsSchema = z.discriminatedUnion("kind", [
  /** A proposal should have been `wanted`; empty: nothing should have been proposed there. */
  z.strictObject({ kind: z.literal("completion"), completionId: idSchema, wanted: textSchema, secrets }),
  /** An accepted proposal should have been what stands in the document now. */
  z.strictObject({ kind: z.literal("accepted"), completionId: idSchema, secrets }),
  /** Between what stands before and after `range`, the text in it is how it should look. */
  z.strictObject({ kind: z.literal("selection"), textDocument: documentSchema, range: rangeSchema, secrets }),
  /** After `turns`, the last of which is the user's, the answer should have been `wanted`. */
  z.strictObject({
    kind: z.literal("answer"),
    folder: uriSchema.nullable(),
    turns: turnsSchema,
    rejected: turnSchema.shape.text,
    wanted: turnSchema.shape.text,
    secrets,
  }),
]);
export type CorrectParams = z.infer<typeof correctParamsSchema>;

/** The correction is on disk: from here on it is never lost. What came of training it follows as `didLearn`. */
export const correctResultSchema = z.strictObject({
  correctionId: idSchema,
  project: projectSchema,
  /** The earlier correction of the same place that held until this one came. */
  replaces: idSchema.nullable().default(null),
});
export type CorrectResult = z.infer<typeof correctResultSchema>;

export const didLearnSchema = correctResultSchema.extend({
  outcome: z.discriminatedUnion("kind", [
    /** Trained, proven with the stored adapter, and in use from `adapterVersion` on. */
    z.strictObject({
      kind: z.literal("learned"),
      /** The same prompt, asked again, gave the wanted text. */
      proven: z.boolean(),
      adapterVersion: z.int().nonnegative(),
      steps: z.int().nonnegative(),
      lossBefore: z.number(),
      lossAfter: z.number(),
      seconds: z.number().nonnegative(),
    }),
    /** Trained, but the model still writes something else: nothing changed. */
    z.strictObject({
      kind: z.literal("not-learned"),
      seconds: z.number().nonnegative(),
      message: z.string(),
    }),
    /** Training could not run; the correction is kept and is tried again at the next start. */
    z.strictObject({ kind: z.literal("failed"), message: z.string() }),
    /** Not trained: before its turn it was taken back, or a later correction of the same place came. */
    z.strictObject({ kind: z.literal("withdrawn"), message: z.string() }),
  ]),
  /** Excerpts of one line, for notices. */
  rejected: z.string(),
  wanted: z.string(),
  origin: z.enum(["completion", "answer", "org"]),
});
export type DidLearn = z.infer<typeof didLearnSchema>;

/** Without an id: the newest thing learned in the project of `uri`. */
export const undoParamsSchema = z.strictObject({
  uri: uriSchema.nullable(),
  correctionId: idSchema.optional(),
});

export const undoResultSchema = z.strictObject({
  correctionId: idSchema,
  project: projectSchema,
  adapterVersion: z.int().nonnegative(),
  /** Later corrections that were trained again without it. */
  retrained: z.int().nonnegative(),
  /** Later corrections that could not be learned again. */
  lost: z.array(idSchema),
  /** Corrections whose place it had taken: they hold again. */
  restored: z.array(idSchema).default([]),
  rejected: z.string(),
  wanted: z.string(),
});
export type UndoResult = z.infer<typeof undoResultSchema>;

/** `preview` changes nothing; `undo` takes the newest reset back, as long as nothing is taught after it. */
export const resetActionSchema = z.enum(["preview", "reset", "undo"]);
export type ResetAction = z.infer<typeof resetActionSchema>;

export const resetParamsSchema = z.strictObject({ uri: uriSchema.nullable(), action: resetActionSchema });

/** What a reset took back, would take back, or what was given back: everything that the project has taught this model. */
export const resetResultSchema = z.strictObject({
  project: projectSchema,
  /** From now on; 0: the model as it came. */
  adapterVersion: z.int().nonnegative(),
  corrections: z.int().nonnegative(),
  /** Of them, those that were not learned yet. */
  pending: z.int().nonnegative(),
  /** Of them, those that stand in sft.org: they are not taught again unless they are changed there. */
  samples: z.int().nonnegative(),
  /** Excerpts of the newest wanted texts, newest first. */
  newest: z.array(z.string()),
});
export type ResetResult = z.infer<typeof resetResultSchema>;

export const learnedParamsSchema = z.strictObject({ uri: uriSchema.nullable() });

export const learnedResultSchema = z.strictObject({
  project: projectSchema,
  adapterVersion: z.int().nonnegative(),
  corrections: z.array(
    z.strictObject({
      correctionId: idSchema,
      at: z.string(),
      /** `superseded`: a later correction of the same place holds in its stead. */
      status: z.enum(["pending", "learned", "not-learned", "superseded", "undone"]),
      rejected: z.string(),
      wanted: z.string(),
      proven: z.boolean().nullable(),
      seconds: z.number().nullable(),
    }),
  ),
});
export type LearnedResult = z.infer<typeof learnedResultSchema>;

/** The same as a program wants it: whole texts, what training did, and what was found wrong with what is kept. */
export const learnedInFullSchema = learnedResultSchema.extend({
  corrections: z.array(
    learnedResultSchema.shape.corrections.element.extend({
      steps: z.int().nonnegative().nullable(),
      lossBefore: z.number().nullable(),
      lossAfter: z.number().nullable(),
      /** Smallest lead of a taught token before any other, in nats, with the adapter as it is stored. */
      marginAfter: z.number().nullable(),
    }),
  ),
  /** Sentences. */
  notices: z.array(z.string()),
});
export type LearnedInFull = z.infer<typeof learnedInFullSchema>;
