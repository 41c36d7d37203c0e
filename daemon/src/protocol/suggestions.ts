/** Completions as editors see them, and what editors tell of their fate. */

import { z } from "zod";
import { documentSchema, idSchema, positionSchema, rangeSchema, textSchema } from "./places.js";

/**
 * The command that an accepted completion runs, by which the daemon hears of it: LSP clients that execute a
 * completion's command need nothing else. Its one argument is the `CompletionId`.
 */
export const ACCEPTED_COMMAND = "ouroboros.accepted";

/** What may be shown at a cursor, and the id under which everybody speaks of it. */
export const completionSchema = z.strictObject({
  kind: z.literal("proposed"),
  completionId: idSchema,
  /** Never empty, never half a character. */
  text: z.string(),
  /** UTF-16 units right of the cursor that `text` takes the place of: brackets that an editor closed by itself. */
  replaces: z.int().nonnegative(),
  adapterVersion: z.int().nonnegative(),
  promptTokens: z.int().nonnegative(),
  /** Tokens of the prompt that had to be read; the others' State was at hand. */
  tokensRead: z.int().nonnegative(),
  milliseconds: z.number().nonnegative(),
});
export type Completion = z.infer<typeof completionSchema>;

/** From a client: what became of a completion that it was given. */
export const suggestionEventSchema = z.strictObject({
  completionId: idSchema,
  event: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("shown") }),
    /** All of it stands in the document now, from `range.start` on. */
    z.strictObject({ kind: z.literal("accepted") }),
    /** The first `characters` UTF-16 units were taken over. */
    z.strictObject({ kind: z.literal("partlyAccepted"), characters: z.int().nonnegative() }),
    z.strictObject({ kind: z.literal("dismissed") }),
  ]),
});
export type SuggestionEvent = z.infer<typeof suggestionEventSchema>;

/** Which accepted completion stands at a position, and what has become of its text. */
export const acceptedAtParamsSchema = z.strictObject({
  textDocument: documentSchema,
  position: positionSchema,
});

export const acceptedAtResultSchema = z.union([
  z.null(),
  z.strictObject({
    completionId: idSchema,
    proposed: textSchema,
    kept: textSchema,
    range: rangeSchema,
  }),
]);
export type AcceptedAtResult = z.infer<typeof acceptedAtResultSchema>;
