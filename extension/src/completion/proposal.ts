/** What the daemon answers to `textDocument/inlineCompletion`: the part of it that this extension uses. */

import { z } from "zod";
import { idSchema, rangeSchema, textSchema } from "../../../daemon/src/protocol/places.js";

const itemSchema = z.object({
  insertText: textSchema,
  range: rangeSchema,
  command: z.object({ arguments: z.tuple([idSchema]) }),
});

export const proposalsSchema = z.object({ items: z.array(itemSchema) });
