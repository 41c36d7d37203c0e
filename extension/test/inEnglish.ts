/** Translates into English, that is, fills in the values: what tests pass where the editor passes its own. */

import type { Translate } from "../src/messages.js";

export const inEnglish: Translate = (message, ...values) =>
  message.replaceAll(/\{(\d+)\}/g, (_, index) => String(values[Number(index)]));
