/**
 * From a completion's text to what VS Code is given: cut to one line where the user wants that, and laid over the entry
 * that the suggest widget has selected, or nothing at all when it says something else than that entry. Pure.
 */

interface Insertion {
  readonly insertText: string;
  /** Units left of the cursor that it takes the place of. */
  readonly before: number;
}

export function insertionOf(completion: {
  readonly text: string;
  readonly multiline: "auto" | "never";
  /** What the suggest widget has selected, and what of it stands left of the cursor. */
  readonly selected: { readonly text: string; readonly typed: string } | undefined;
}): Insertion | undefined {
  const { text, multiline, selected } = completion;
  const wanted = multiline === "never" ? firstLine(text) : text;
  if (wanted.trim() === "") return undefined;
  if (!selected) return { insertText: wanted, before: 0 };
  const whole = selected.typed + wanted;
  return whole.startsWith(selected.text) ? { insertText: whole, before: selected.typed.length } : undefined;
}

function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? "";
}
