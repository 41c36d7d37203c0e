/** Takes away blanks at the ends of lines, and blank lines at the end. */

import type { Filter } from "./filter.js";

export const trimLineEnds: Filter = ({ text, replaces }) => ({
  text: text.replaceAll(/[^\S\n]+(?=\n)/g, "").trimEnd(),
  replaces,
});
