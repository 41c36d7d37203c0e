/**
 * Role maps (configs/roles/*.json): which tokens open and close which role's text. Every vocabulary has its own.
 * A mark is a control token by name (`end` = the end-of-document token, id 0) or plain text.
 * A map also says which words of a corpus (the TODO words of sft.org) mean which role.
 */

import { z } from "zod";
import embeddedRoles from "../roles/embedded.json" with { type: "json" };
import worldRoles from "../roles/world.json" with { type: "json" };

const markSchema = z.union([z.strictObject({ control: z.string() }), z.strictObject({ text: z.string() })]);
export type RoleMark = z.infer<typeof markSchema>;

const turnSchema = z.strictObject({ open: z.array(markSchema), close: z.array(markSchema) });

const wordsSchema = z.array(z.string().regex(/^[A-Z]+$/)).min(1);

export const roleMapSchema = z.strictObject({
  description: z.string(),
  roles: z.strictObject({ system: turnSchema, user: turnSchema, assistant: turnSchema, text: turnSchema }),
  /** In capitals; the first of a role is the one to recommend. */
  words: z
    .strictObject({ system: wordsSchema, user: wordsSchema, assistant: wordsSchema, text: wordsSchema })
    .refine((words) => {
      const all = Object.values(words).flat();
      return new Set(all).size === all.length;
    }, "a word means one role"),
});
export type RoleMap = z.infer<typeof roleMapSchema>;
export type Role = keyof RoleMap["roles"];

export const ROLE_MAPS = {
  embedded: roleMapSchema.parse(embeddedRoles),
  world: roleMapSchema.parse(worldRoles),
} as const;
