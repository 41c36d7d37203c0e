/** Asking for the next answer of a conversation, and the text as it comes. */

import { z } from "zod";
import { idSchema, uriSchema } from "./places.js";
import { turnsSchema } from "./turns.js";

export const chatParamsSchema = z.strictObject({
  /** Made by the client; `chatText` carries it. */
  chatId: idSchema,
  /** Whose corrections answer: the project of this folder or file; null: what belongs to no folder. */
  folder: uriSchema.nullable(),
  /** The last one is the user's. */
  turns: turnsSchema,
});
export type ChatParams = z.infer<typeof chatParamsSchema>;

/** Whole characters to append to the answer. */
export const chatTextSchema = z.strictObject({ chatId: idSchema, text: z.string() });
export type ChatText = z.infer<typeof chatTextSchema>;

export const chatResultSchema = z.strictObject({
  text: z.string(),
  /** `end`: the model's own; `limit`: as long as answers may be; `cancelled`: the client stopped it. */
  stoppedBy: z.enum(["end", "limit", "cancelled"]),
  adapterVersion: z.int().nonnegative(),
  tokens: z.int().nonnegative(),
  seconds: z.number().nonnegative(),
});
export type ChatResult = z.infer<typeof chatResultSchema>;
