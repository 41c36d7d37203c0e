/**
 * The messages between the chat view's page and the extension. The page's are checked: it shows text that
 * a model wrote. Imported by both sides, so free of VS Code and of the page.
 */

import { z } from "zod";
import type { DidLearn } from "../../../daemon/src/protocol/corrections.js";
import { idSchema } from "../../../daemon/src/protocol/places.js";
import { turnSchema, turnsSchema } from "../../../daemon/src/protocol/turns.js";

const text = turnSchema.shape.text;

export const fromPageSchema = z.discriminatedUnion("kind", [
  /** The page is there. `awaiting`: the answer that it was waiting for when it was last seen. */
  z.strictObject({ kind: z.literal("ready"), awaiting: idSchema.nullable() }),
  z.strictObject({ kind: z.literal("ask"), chatId: idSchema, turns: turnsSchema }),
  z.strictObject({ kind: z.literal("stop"), chatId: idSchema }),
  z.strictObject({
    kind: z.literal("teach"),
    answerId: idSchema,
    turns: turnsSchema,
    rejected: text,
    wanted: text,
  }),
  z.strictObject({ kind: z.literal("undo"), correctionId: idSchema }),
  z.strictObject({ kind: z.literal("insert"), text }),
  z.strictObject({ kind: z.literal("copy"), text }),
  z.strictObject({ kind: z.literal("open-link"), address: z.string().max(2048) }),
  z.strictObject({ kind: z.literal("leave") }),
]);
export type FromPage = z.infer<typeof fromPageSchema>;

/** What became of teaching an answer. */
export type LessonStatus =
  /** Nothing was taught, or it was refused. */
  | { readonly kind: "none" }
  /** Without an id: the daemon has not answered yet that it is kept. */
  | { readonly kind: "under-way"; readonly correctionId: string | undefined }
  | { readonly kind: "settled"; readonly correctionId: string; readonly outcome: DidLearn["outcome"] }
  | { readonly kind: "undone" };

export type ToPage =
  /** More of an answer. */
  | { readonly kind: "text"; readonly chatId: string; readonly text: string }
  /** All of an answer so far, in place of what the page has of it. */
  | { readonly kind: "so-far"; readonly chatId: string; readonly text: string }
  | {
      readonly kind: "ended";
      readonly chatId: string;
      readonly stoppedBy: "end" | "limit" | "cancelled";
    }
  | { readonly kind: "failed"; readonly chatId: string; readonly message: string }
  | { readonly kind: "lesson"; readonly answerId: string; readonly lesson: LessonStatus }
  | { readonly kind: "undone"; readonly correctionId: string }
  | { readonly kind: "model"; readonly model: ChatModel }
  | { readonly kind: "new-chat" }
  | { readonly kind: "focus" };

export type ChatModel =
  | { readonly kind: "unknown" }
  | {
      readonly kind: "ready";
      readonly name: string;
      readonly isEmbedded: boolean;
      readonly canConverse: boolean;
    }
  | { readonly kind: "failed"; readonly message: string };
