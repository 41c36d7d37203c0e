/** Samples that finish a renaming: one line of a text is still as it was before the lines above it were renamed. */

import type { Random } from "../../../base/random.js";
import { encodeText } from "../../../prompt/encodeText.js";
import { editPrompt, type Vocabulary, withAnswer } from "../../../prompt/format.js";
import { fromLineStart } from "../../../prompt/prefixWindow.js";
import { drawRenaming, hasIdentifier, rename } from "./identifiers.js";
import { SAMPLE_TOKENS_MIN, type Stretch } from "./stretch.js";

/** Undefined where no name stands in two lines, or the new one would not be seen above the old line. */
export function editSample(
  { header, text, length }: Stretch,
  vocabulary: Vocabulary,
  random: Random,
): Uint32Array | undefined {
  const { tokenizer } = vocabulary;
  const renaming = drawRenaming(text, random);
  if (renaming === undefined) return undefined;
  const lines = text.split("\n");
  const places = lines.flatMap((line, at) => (hasIdentifier(line, renaming.from) ? [at] : [])).slice(1);
  const at = places[random.below(places.length)];
  const old = lines[at ?? -1];
  if (at === undefined || old === undefined) return undefined;
  const answer = encodeText(tokenizer, rename(old, renaming));
  const changed = { header, old: encodeText(tokenizer, old) };
  const bare = editPrompt(vocabulary, { ...changed, context: new Uint32Array() });
  const room = length - bare.length - answer.length - 1;
  if (room < SAMPLE_TOKENS_MIN / 2) return undefined;
  const above = encodeText(tokenizer, rename(lines.slice(0, at).join("\n"), renaming));
  const context = above.length <= room ? above : fromLineStart(tokenizer, above.subarray(-room));
  if (!hasIdentifier(tokenizer.decode(context), renaming.to)) return undefined;
  return withAnswer(vocabulary, editPrompt(vocabulary, { ...changed, context }), answer);
}
