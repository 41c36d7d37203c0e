/**
 * What a corpus is written in, found for the model that is to learn it: the role map it names, the tokens of that
 * map, and which role a word means.
 */

import { ROLE_MAPS, type Role, type RoleMap } from "@ouroboros/configs";
import { AppError } from "../../base/errors.js";
import type { Tokenizer } from "../../engine/engine.js";
import { controlsOf } from "../../prompt/controls.js";
import type { Vocabulary } from "../../prompt/format.js";
import type { OrgFile, OrgNode } from "./parseOrg.js";

export interface CorpusLanguage {
  /** As messages name the file. */
  readonly path: string;
  readonly vocabulary: Vocabulary;
  readonly roleMapName: string;
  readonly roleMap: RoleMap;
}

/** Throws AppError `input-invalid` or `role-map-mismatch`. */
export function corpusLanguageOf(file: OrgFile, tokenizer: Tokenizer): CorpusLanguage {
  const { path, roleMapName } = file;
  const roleMap = new Map<string, RoleMap>(Object.entries(ROLE_MAPS)).get(roleMapName);
  if (roleMap === undefined) {
    const known = Object.keys(ROLE_MAPS).join(", ");
    throw new AppError(
      "input-invalid",
      `${path} names the role map "${roleMapName}", which does not exist; in #+ROLEMAP: write one of ${known}`,
    );
  }
  const controls = controlsOf(tokenizer);
  if (controls === undefined) {
    throw new AppError(
      "role-map-mismatch",
      `the role map ${roleMapName} of ${path} needs control tokens that the model in use lacks; use a model that has them, such as the embedded one`,
    );
  }
  return { path, vocabulary: { tokenizer, controls }, roleMapName, roleMap };
}

/**
 * No word is text. A word that was declared but that the map does not know is an error and no guess: a thought
 * (ANALYSIS, THINK) taught as an answer would be what the model says to people, and as text it would stand in a
 * conversation without marks, as the model never reads one.
 */
export function roleOf({ word, line }: OrgNode, { path, roleMapName, roleMap }: CorpusLanguage): Role {
  if (word === undefined) return "text";
  const { system, user, assistant, text } = roleMap.words;
  const isMeant = (words: readonly string[]) => words.includes(word.toUpperCase());
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
