/** When nothing is suggested although VS Code asks, and why: the provider obeys it and the doctor says it. Pure. */

import type { EditorSettings } from "../../../configs/src/settings.js";

export type DisabledReason = "correcting" | "setting" | "glob";

export function disabledReason(at: {
  readonly settings: EditorSettings;
  /** The document lies under one of the settings' globs. */
  readonly isGlobDisabled: boolean;
  /** A correction is being written: what is suggested meanwhile would be in the way. */
  readonly isCorrecting: boolean;
}): DisabledReason | undefined {
  if (at.isCorrecting) return "correcting";
  if (!at.settings["ouroboros.completion.enabled"]) return "setting";
  if (at.isGlobDisabled) return "glob";
  return undefined;
}
