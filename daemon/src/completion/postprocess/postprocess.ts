/**
 * From what the model wrote to what is worth showing: a list of pure filters, in this order. What makes nothing of a
 * candidate gives its name to the log.
 */

import { isBlank } from "../lines.js";
import { cutForeign } from "./cutForeign.js";
import { cutLineAbove } from "./cutLineAbove.js";
import { cutRepetition } from "./cutRepetition.js";
import { cutSuffix } from "./cutSuffix.js";
import { cutUnopened } from "./cutUnopened.js";
import { dropUnsure } from "./dropUnsure.js";
import type { Candidate, Filter, FilterContext } from "./filter.js";
import { runOverClosers } from "./runOverClosers.js";
import { trimLineEnds } from "./trimLineEnds.js";

interface NamedFilter {
  readonly name: string;
  readonly filter: Filter;
  /**
   * A mere guess at what is wrong: not for a text of which the model is sure token by token. Such a text was taught,
   * and what somebody taught comes out as they wrote it.
   */
  readonly isGuess: boolean;
}

export const FILTERS: readonly NamedFilter[] = [
  { name: "foreign", filter: cutForeign, isGuess: false },
  { name: "unsure", filter: dropUnsure, isGuess: true },
  { name: "repetition", filter: cutRepetition, isGuess: true },
  { name: "line-above", filter: cutLineAbove, isGuess: true },
  { name: "unopened", filter: cutUnopened, isGuess: true },
  { name: "suffix", filter: cutSuffix, isGuess: false },
  { name: "line-ends", filter: trimLineEnds, isGuess: false },
  { name: "closers", filter: runOverClosers, isGuess: false },
];

type Processed =
  | ({ readonly kind: "kept" } & Candidate)
  /** `blank`: the model wrote nothing; else the name of a filter. */
  | { readonly kind: "dropped"; readonly reason: string };

export function postprocess(options: { readonly text: string; readonly context: FilterContext }): Processed {
  const { context } = options;
  let candidate: Candidate = { text: options.text, replaces: 0 };
  if (isBlank(candidate.text)) return { kind: "dropped", reason: "blank" };
  for (const { name, filter, isGuess } of FILTERS) {
    if (isGuess && context.isSure) continue;
    const filtered = filter(candidate, context);
    if (!filtered || isBlank(filtered.text)) return { kind: "dropped", reason: name };
    candidate = filtered;
  }
  return { kind: "kept", ...candidate };
}
