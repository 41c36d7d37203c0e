/**
 * What *Correct This* means at a place: the marked text, what was accepted and then edited, the completion that is shown,
 * or what was accepted and stands unchanged. In this order: a selection is a gesture of its own, and an edit says what
 * was wanted without any retyping. Pure.
 */

import type { AcceptedAtResult } from "../../../daemon/src/protocol/suggestions.js";
import type { ShownCompletion } from "../completion/shownCompletion.js";

type CorrectTarget =
  | { readonly kind: "selection" }
  | { readonly kind: "edited"; readonly accepted: NonNullable<AcceptedAtResult> }
  | { readonly kind: "shown"; readonly completion: ShownCompletion }
  | { readonly kind: "unchanged"; readonly accepted: NonNullable<AcceptedAtResult> }
  | { readonly kind: "nothing" };

export function correctTarget(at: {
  readonly hasSelection: boolean;
  readonly accepted: AcceptedAtResult;
  readonly shown: ShownCompletion | undefined;
  /** What was taught of an accepted completion before: the same is not taught twice. */
  readonly taught: ReadonlyMap<string, string>;
}): CorrectTarget {
  const { hasSelection, accepted, shown, taught } = at;
  if (hasSelection) return { kind: "selection" };
  const isEdited = accepted !== null && accepted.kept !== accepted.proposed;
  if (isEdited && taught.get(accepted.completionId) !== accepted.kept) return { kind: "edited", accepted };
  if (shown) return { kind: "shown", completion: shown };
  return accepted ? { kind: "unchanged", accepted } : { kind: "nothing" };
}
