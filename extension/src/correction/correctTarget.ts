/**
 * What *Correct This* means at a place: the marked text, what was accepted and then edited, the suggestion that is shown,
 * or what was accepted and stands unchanged. In this order: a selection is a gesture of its own, and an edit says what
 * was wanted without any retyping. Pure.
 */

import type { AcceptedAtResult } from "../../../daemon/src/protocol/suggestions.js";
import type { Suggestion } from "../completion/suggestion.js";

export type Accepted = NonNullable<AcceptedAtResult>;

export type CorrectTarget =
  | { readonly kind: "selection" }
  | { readonly kind: "edited"; readonly accepted: Accepted }
  | { readonly kind: "suggestion"; readonly suggestion: Suggestion }
  | { readonly kind: "unchanged"; readonly accepted: Accepted }
  | { readonly kind: "nothing" };

export interface Circumstances {
  readonly hasSelection: boolean;
  readonly accepted: AcceptedAtResult;
  readonly suggestion: Suggestion | undefined;
  /** What was taught of an accepted completion before: the same is not taught twice. */
  readonly taught: ReadonlyMap<string, string>;
}

export function correctTarget(at: Circumstances): CorrectTarget {
  const { hasSelection, accepted, suggestion, taught } = at;
  if (hasSelection) return { kind: "selection" };
  const isEdited = accepted !== null && accepted.kept !== accepted.proposed;
  if (isEdited && taught.get(accepted.completionId) !== accepted.kept) return { kind: "edited", accepted };
  if (suggestion) return { kind: "suggestion", suggestion };
  return accepted ? { kind: "unchanged", accepted } : { kind: "nothing" };
}
