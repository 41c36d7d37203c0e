/** Finds the control tokens of a vocabulary by their literals. A World vocabulary has none. */
import type { Tokenizer } from "../engine/engine.js";
import { CONTROL_NAMES, type ControlName, controlLiteral } from "./controlTokens.js";

/** The token ids of the named controls. */
export type Controls = Readonly<Record<ControlName, number>>;

/** Id 0 ends a document in every vocabulary of the World format. */
export const END_OF_DOCUMENT = 0;

/** The vocabulary's controls, or undefined where one of them is not a token of its own. */
export function controlsOf(tokenizer: Tokenizer): Controls | undefined {
  const ids = new Map<ControlName, number>();
  for (const name of CONTROL_NAMES) {
    const [id, ...rest] = tokenizer.encode(controlLiteral(name));
    if (id === undefined || rest.length > 0) return undefined;
    ids.set(name, id);
  }
  const idOf = (name: ControlName) => ids.get(name) ?? END_OF_DOCUMENT;
  return {
    suf: idOf("suf"),
    pre: idOf("pre"),
    mid: idOf("mid"),
    hint: idOf("hint"),
    eot: idOf("eot"),
    user: idOf("user"),
    asst: idOf("asst"),
    sys: idOf("sys"),
    file: idOf("file"),
    lang: idOf("lang"),
    diff: idOf("diff"),
    del: idOf("del"),
    ins: idOf("ins"),
  };
}

/** Where a Generation must end: no control token is ever part of what a user sees. */
export function stopTokens(controls: Controls | undefined): Uint32Array {
  return Uint32Array.of(END_OF_DOCUMENT, ...(controls === undefined ? [] : Object.values(controls)));
}
