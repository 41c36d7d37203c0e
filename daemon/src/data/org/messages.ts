/**
 * A sample → its messages: roles for words, texts with their Prefix and Postfix, without what carries a done word.
 * The door between what Org allows and what makes sense to teach.
 */

import type { Role } from "@ouroboros/configs";
import { AppError } from "../../base/errors.js";
import { readMessageOptions } from "./messageOptions.js";
import type { OrgNode, OrgSample } from "./parseOrg.js";
import { type RoleWords, roleOf } from "./roleWords.js";

export interface Message {
  /** Where its headline stands, from 1. */
  readonly line: number;
  readonly role: Role;
  readonly text: string;
  /** False: its end is not part of it. */
  readonly isOver: boolean;
}

/** Either all of them are text or none is. Throws AppError `input-invalid`, naming the line. */
export function messagesOf(sample: OrgSample, roleWords: RoleWords): readonly Message[] {
  const messages = sample.filter(({ isSkipped }) => !isSkipped).map((node) => toMessage(node, roleWords));
  const stray = messages.find(({ role }) => role === "text");
  if (stray === undefined || messages.every(({ role }) => role === "text")) return messages;
  const { system, user, assistant } = roleWords.words;
  const words = [system, user, assistant].map(([word]) => word).join(", ");
  throw new AppError(
    "input-invalid",
    `line ${stray.line} of ${roleWords.path} is a headline of plain text in a conversation; begin it with a word that #+TODO: declares (${words}), or make it a sample of its own`,
  );
}

function toMessage(node: OrgNode, roleWords: RoleWords): Message {
  const { line, text } = node;
  const [mistake] = node.mistakes;
  if (mistake !== undefined) {
    throw new AppError("input-invalid", `line ${mistake.line} of ${roleWords.path} ${mistake.what}`);
  }
  const { Prefix, Postfix, isOver } = readMessageOptions(node, roleWords.path);
  return { line, role: roleOf(node, roleWords), text: `${Prefix}${text}${Postfix}`, isOver };
}
