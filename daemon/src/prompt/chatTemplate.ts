/**
 * How the model in use is asked for an answer, and by what its answers end: by the embedded role map where its
 * vocabulary has control tokens, else in the words that the World models were trained on (formats of RWKV-PEFT:
 * `System: …\n\nUser: …\n\nAssistant: …\n\n`).
 */

import { ROLE_MAPS } from "@ouroboros/configs";
import type { Tokenizer } from "../engine/engine.js";
import type { ChatTurn } from "../protocol/turns.js";
import { controlsOf, END_OF_DOCUMENT, stopTokens } from "./controls.js";
import { encodeText } from "./encodeText.js";
import { chatPrompt } from "./format.js";

export interface ChatForm {
  /** All turns and the opening of the answer; the adapter acts from the last token on. */
  prompt(turns: readonly ChatTurn[]): Uint32Array;
  readonly stopTokens: Uint32Array;
  /** Text before which an answer ends; empty: only a token ends it. */
  readonly stop: string;
  /** Text by which an answer begins that is not part of it. */
  readonly lead: "" | " ";
  /** How a taught answer ends. */
  readonly ending: { readonly end: number } | { readonly following: Uint32Array };
}

export function chatFormOf(tokenizer: Tokenizer): ChatForm {
  const controls = controlsOf(tokenizer);
  if (!controls) return wordForm(tokenizer);
  return {
    prompt: (turns) => chatPrompt({ tokenizer, controls }, ROLE_MAPS.embedded, turns),
    stopTokens: stopTokens(controls),
    stop: "",
    lead: "",
    ending: { end: controls.eot },
  };
}

const NAMES = { system: "System", user: "User", assistant: "Assistant" } as const;
const BETWEEN = "\n\n";

function wordForm(tokenizer: Tokenizer): ChatForm {
  return {
    prompt(turns) {
      // A blank line within a turn would look like its end.
      const said = turns.map(
        ({ role, text }) => `${NAMES[role]}: ${text.trim().replaceAll(/\n{2,}/g, "\n")}`,
      );
      return encodeText(tokenizer, [...said, `${NAMES.assistant}:`].join(BETWEEN));
    },
    stopTokens: Uint32Array.of(END_OF_DOCUMENT),
    stop: BETWEEN,
    lead: " ",
    ending: { following: encodeText(tokenizer, BETWEEN) },
  };
}
