/** Which role a word of an Org file means, by the role map that the file is read with. */

import type { Role, RoleMap } from "@ouroboros/configs";
import { AppError } from "../../base/errors.js";
import type { OrgNode } from "./parseOrg.js";

export interface RoleWords {
  /** As messages name the file. */
  readonly path: string;
  readonly roleMapName: string;
  readonly words: RoleMap["words"];
}

/**
 * No word is text. A word that was declared but that the map does not know is an error and no guess: a thought
 * (ANALYSIS, THINK) taught as an answer would be what the model says to people, and as text it would stand in a
 * conversation without marks, as the model never reads one.
 */
export function roleOf({ word, line }: OrgNode, { path, roleMapName, words }: RoleWords): Role {
  if (word === undefined) return "text";
  const { system, user, assistant, text } = words;
  const isMeant = (meaning: readonly string[]) => meaning.includes(word.toUpperCase());
  if (isMeant(system)) return "system";
  if (isMeant(user)) return "user";
  if (isMeant(assistant)) return "assistant";
  if (isMeant(text)) return "text";
  const known = [system, user, assistant, text].flat().join(", ");
  throw new AppError(
    "input-invalid",
    `line ${line} of ${path} has the role ${word}, which the role map ${roleMapName} does not know; use one of ${known}, or a done word to leave it out`,
  );
}
