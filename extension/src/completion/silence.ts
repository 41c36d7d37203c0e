/** When nothing is suggested although VS Code asks, and why: for the provider to obey and for the doctor to say. Pure. */

import type { EditorSettings } from "../../../configs/src/settings.js";

export interface Moment {
  readonly settings: EditorSettings;
  /** The document lies under one of the settings' globs. */
  readonly isGlobDisabled: boolean;
  /** A correction is being written: what is suggested meanwhile would be in the way. */
  readonly isCapturing: boolean;
}

export type Silence = "capturing" | "disabled" | "glob";

export function whySilent(moment: Moment): Silence | undefined {
  if (moment.isCapturing) return "capturing";
  if (!moment.settings["ouroboros.completion.enabled"]) return "disabled";
  if (moment.isGlobDisabled) return "glob";
  return undefined;
}
