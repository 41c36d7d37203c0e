/**
 * The one way from a place to what is shown there: the model drafts, the filters choose. Editors are answered by it, and
 * a lesson's proof is that it gives the taught text.
 */

import { encodeText } from "../prompt/encodeText.js";
import { type CompleteOptions, complete, writerFor } from "./complete.js";
import { confidenceOf } from "./confidence.js";
import type { Draft } from "./draft.js";
import { postprocess } from "./postprocess/postprocess.js";
import { isMidLine } from "./stopRules.js";

/** Document text before and after the cursor. */
interface Surroundings {
  readonly prefix: string;
  readonly suffix: string;
}

type Shown = ReturnType<typeof postprocess>;

/** Rejects with EngineError only. */
export async function propose(
  options: Omit<CompleteOptions, "adapterScope" | "stop" | "onText"> & { readonly place: Surroundings },
): Promise<
  { readonly kind: "cancelled" } | { readonly kind: "finished"; readonly draft: Draft; readonly shown: Shown }
> {
  const { place, ...asked } = options;
  const draft = await complete({ ...asked, adapterScope: "boundary", stop: place });
  return draft.kind === "cancelled" ? draft : { kind: "finished", draft, shown: shownOf(draft, place) };
}

function shownOf(draft: Draft, { prefix, suffix }: Surroundings): Shown {
  const { text, isTaught } = draft;
  return postprocess({ text, context: { prefix, suffix, isTaught, ...confidenceIn(draft) } });
}

/** How probable a word was says little once a part of it stands there. */
function confidenceIn({ logProbabilities, healedTokens }: Draft) {
  const isMore = healedTokens < logProbabilities.length;
  return confidenceOf(isMore ? logProbabilities.subarray(healedTokens) : logProbabilities);
}

/**
 * Why a text, taught at a place, would not be shown whole there however well a model had learned it: a clause with "it"
 * for the text. undefined: it would be. The very writer and filters of `propose` say so; only the model is left out.
 */
export function hindranceOf(
  text: string,
  asked: Pick<CompleteOptions, "tokenizer" | "prompt"> & { readonly place: Surroundings },
): string | undefined {
  const { tokenizer, prompt, place } = asked;
  const { writer } = writerFor({ tokenizer, prompt, stop: place, taught: [text], tokensMax: 1 });
  for (const token of encodeText(tokenizer, prompt.healedPrefix + text)) writer.add(token, 0);
  const draft = writer.end({ stoppedBy: "token", tokensRead: 0 });
  if (draft.kind === "cancelled") return undefined;
  if (draft.text !== text) return isMidLine(place.suffix) ? HINDRANCES.lines : HINDRANCES.foreign;
  const shown = shownOf(draft, place);
  if (shown.kind === "kept") return shown.text === text ? undefined : hindranceBy(shown.cutBy);
  return shown.reason === "blank" && text === "" ? undefined : hindranceBy(shown.reason);
}

/** Of each filter that spares no taught text. */
const HINDRANCES = {
  lines: "it has several lines, and right of the cursor stands text that only one line may be put before",
  foreign: "it holds what no completion may: half a character, or the letters of a control token",
  suffix: "it ends in what stands right of or below the cursor already; leave that out",
  closers: "it is nothing but the brackets that stand right of the cursor already",
  blank: "white space alone is never proposed",
} as const;

function hindranceBy(filter: string | undefined): string {
  const known: Readonly<Record<string, string>> = HINDRANCES;
  return known[filter ?? ""] ?? `the filter "${filter}" cuts it`;
}
