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
   * Which texts it leaves alone. What somebody taught comes out as they wrote it, so only what must never come into a
   * file, or stands there already, is cut from it. A mere guess at what is wrong is not for a text either of which the
   * model is sure token by token: that is how a taught one looks at other places.
   */
  readonly spares: "none" | "taught" | "sure and taught";
}

export const FILTERS: readonly NamedFilter[] = [
  { name: "foreign", filter: cutForeign, spares: "none" },
  { name: "unsure", filter: dropUnsure, spares: "sure and taught" },
  { name: "repetition", filter: cutRepetition, spares: "sure and taught" },
  { name: "line-above", filter: cutLineAbove, spares: "sure and taught" },
  { name: "unopened", filter: cutUnopened, spares: "sure and taught" },
  { name: "suffix", filter: cutSuffix, spares: "none" },
  { name: "line-ends", filter: trimLineEnds, spares: "taught" },
  { name: "closers", filter: runOverClosers, spares: "none" },
];

type Processed =
  /** `cutBy`: the first filter that shortened it. */
  | ({ readonly kind: "kept"; readonly cutBy: string | undefined } & Candidate)
  /** `blank`: the model wrote nothing; else the name of a filter. */
  | { readonly kind: "dropped"; readonly reason: string };

export function postprocess(options: { readonly text: string; readonly context: FilterContext }): Processed {
  const { context } = options;
  let candidate: Candidate = { text: options.text, replaces: 0 };
  let cutBy: string | undefined;
  if (isBlank(candidate.text)) return { kind: "dropped", reason: "blank" };
  for (const { name, filter, spares } of FILTERS) {
    if (spares !== "none" && context.isTaught) continue;
    if (spares === "sure and taught" && context.isSure) continue;
    const filtered = filter(candidate, context);
    if (!filtered || isBlank(filtered.text)) return { kind: "dropped", reason: name };
    if (filtered.text.length < candidate.text.length) cutBy ??= name;
    candidate = filtered;
  }
  return { kind: "kept", cutBy, ...candidate };
}
