/**
 * The properties of a message that mean something, with what they are where the file says nothing. Names are the
 * format's, in its case; any other property is the user's own affair.
 *
 * Teaching reads Prefix, Postfix and isOver. The others say how an answer is to be asked for, or come from older
 * tools that read the same files; they are kept for those and change nothing here.
 */

import { z } from "zod";
import { AppError } from "../../base/errors.js";
import type { OrgNode } from "./parseOrg.js";

const numberSchema = z
  .string()
  .regex(/^[+-]?(?:\d+\.?\d*|\.\d+)$/, "a number such as 0.5")
  .transform(Number);
const tokensSchema = z
  .string()
  .regex(/^[\d\s]*$/, "token ids with spaces between them")
  .transform((value) => value.split(/\s+/).filter(Boolean).map(Number));

const optionsSchema = z.object({
  /** Text before and after the message's own, as part of it. */
  Prefix: z.string().default(""),
  Postfix: z.string().default(""),
  temperature: numberSchema.default(0.2),
  TopP: numberSchema.default(0.2),
  MinLoss: numberSchema.default(0.5),
  TrainTimes: numberSchema.default(1),
  /** New tokens at most. */
  TokenCount: numberSchema.default(0),
  TokenBan: tokensSchema.default([0]),
  TokenStop: tokensSchema.default([65535, 65530]),
  /** Who speaks after the answer. */
  NextRole: z.string().default("request"),
  /** Whether the message ends where its text ends. */
  isOver: z
    .string()
    .regex(/^(?:true|false)$/i, "True or False")
    .transform((value) => value.toLowerCase() === "true")
    .default(true),
});
type MessageOptions = z.infer<typeof optionsSchema>;

/** Throws AppError `input-invalid`, naming the line and the property. */
export function readMessageOptions(node: OrgNode, path: string): MessageOptions {
  const options = optionsSchema.safeParse(Object.fromEntries(node.properties));
  if (options.success) return options.data;
  const { path: [key] = [], message } = options.error.issues[0] ?? { message: "something else" };
  throw new AppError(
    "input-invalid",
    `the headline in line ${node.line} of ${path} has a property ${String(key)} that must be ${message}`,
  );
}
