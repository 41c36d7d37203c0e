/**
 * How a conversation is laid out for the model in use: for requests, for corrections of their answers, and for samples
 * that teach an answer, token for token the same. A role map says by which marks a turn begins and ends: control tokens
 * where the vocabulary has them, else the words that the World models were trained on (formats of RWKV-PEFT:
 * `System: …\n\nUser: …\n\nAssistant: …\n\n`).
 */

import { ROLE_MAPS, type RoleMap, type RoleMark } from "@ouroboros/configs";
import { AppError } from "../base/errors.js";
import type { Tokenizer } from "../engine/engine.js";
import type { ChatTurn } from "../protocol/turns.js";
import { type Controls, controlsOf, END_OF_DOCUMENT, stopTokens } from "./controls.js";
import { concatenate, encodeText } from "./encodeText.js";

export interface ChatTemplate {
  readonly roleMapName: keyof typeof ROLE_MAPS;
  /** Whole turns, each opened and closed. */
  turns(turns: readonly ChatTurn[]): Uint32Array;
  /** All turns and the opening of the answer; the adapter acts from the last token on. */
  prompt(turns: readonly ChatTurn[]): Uint32Array;
  /** An answer as it is taught after a prompt, without its ending; nothing where `text` is empty. */
  answer(text: string): { readonly text: string; readonly tokens: Uint32Array };
  /** How a taught answer ends. */
  readonly ending: { readonly end: number } | { readonly following: Uint32Array };
  readonly stopTokens: Uint32Array;
  /** Text before which an answer ends; empty: only a token ends it. */
  readonly stop: string;
  /** Text by which an answer begins that is not part of it. */
  readonly lead: string;
}

/** The template by which the model of this vocabulary is asked. */
export function chatTemplateOf(tokenizer: Tokenizer): ChatTemplate {
  const roleMapName = controlsOf(tokenizer) ? "embedded" : "world";
  return chatTemplate({ tokenizer, roleMapName, roleMap: ROLE_MAPS[roleMapName] });
}

/** Throws AppError `input-invalid` where the map names a control token that the vocabulary lacks. */
export function chatTemplate(options: {
  readonly tokenizer: Tokenizer;
  readonly roleMapName: ChatTemplate["roleMapName"];
  readonly roleMap: RoleMap;
}): ChatTemplate {
  const { tokenizer, roleMapName } = options;
  const { roles } = options.roleMap;
  const controls = controlsOf(tokenizer);
  const tokensOf = (pieces: readonly RoleMark[]) => piecesTokens({ tokenizer, controls, pieces });
  const { open, lead } = openingOf(roles.assistant.open);
  const stop = closingText(roles.assistant.close);
  // Where turns end by a blank line, one within a turn would look like its end.
  const said = (text: string) => (stop === "" ? text : text.trim().replaceAll(/\n{2,}/g, "\n"));
  const piecesOf = ({ role, text }: ChatTurn): readonly RoleMark[] => [
    ...roles[role].open,
    { text: said(text) },
    ...roles[role].close,
  ];
  const closing = tokensOf(roles.assistant.close);
  const [end] = closing;
  return {
    roleMapName,
    turns: (turns) => tokensOf(turns.flatMap(piecesOf)),
    prompt: (turns) => tokensOf([...turns.flatMap(piecesOf), ...open]),
    answer(text) {
      const answer = said(text);
      return { text: answer, tokens: encodeText(tokenizer, answer && lead + answer) };
    },
    ending: stop === "" && end !== undefined && closing.length === 1 ? { end } : { following: closing },
    stopTokens: stopTokens(controls),
    stop,
    lead,
  };
}

/** White space at the end of an opening is written by the model, in one token with the first word of its answer. */
function openingOf(marks: readonly RoleMark[]): {
  readonly open: readonly RoleMark[];
  readonly lead: string;
} {
  const last = marks.at(-1);
  if (last === undefined || !("text" in last)) return { open: marks, lead: "" };
  const text = last.text.trimEnd();
  return { open: [...marks.slice(0, -1), { text }], lead: last.text.slice(text.length) };
}

function closingText(marks: readonly RoleMark[]): string {
  return marks.map((mark) => ("text" in mark ? mark.text : "")).join("");
}

/** Between two control tokens all text is encoded as one, as a model reads it that has no other marks. */
function piecesTokens(options: {
  readonly tokenizer: Tokenizer;
  readonly controls: Controls | undefined;
  readonly pieces: readonly RoleMark[];
}): Uint32Array {
  const { tokenizer, controls, pieces } = options;
  const parts: (Uint32Array | readonly number[])[] = [];
  let text = "";
  for (const piece of pieces) {
    if ("text" in piece) {
      text += piece.text;
      continue;
    }
    parts.push(encodeText(tokenizer, text), [controlId(controls, piece.control)]);
    text = "";
  }
  return concatenate([...parts, encodeText(tokenizer, text)]);
}

function controlId(controls: Controls | undefined, name: string): number {
  if (name === "end") return END_OF_DOCUMENT;
  const id = new Map(Object.entries(controls ?? {})).get(name);
  if (id !== undefined) return id;
  throw new AppError(
    "input-invalid",
    `the role map names the control token "${name}", which the vocabulary does not have`,
  );
}
