/**
 * Cuts before the first thing that must never come into a file: half a character, a control token written out in
 * letters, a control character.
 */

import { CONTROL_LITERALS } from "../../prompt/controlTokens.js";
import { cutTo, type Filter } from "./filter.js";

const LITERALS = CONTROL_LITERALS.map((literal) => literal.replaceAll("|", "\\|")).join("|");
/** A surrogate without its other half; what decoding makes of broken bytes; controls but tabs and line ends. */
const FOREIGN = new RegExp(`[\\p{Cs}\\uFFFD]|[^\\P{Cc}\\t\\n\\r]|${LITERALS}`, "u");

export const cutForeign: Filter = (candidate) => {
  const at = candidate.text.search(FOREIGN);
  return at < 0 ? candidate : cutTo(candidate, at);
};
