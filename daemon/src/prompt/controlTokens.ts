/**
 * The reserved control tokens: ids and literal texts. Every vocabulary made here carries them at the same ids, so a
 * model can be fine-tuned for a new use without a new vocabulary. What they mean is decided in `format.ts`.
 */

/** Ids 1…256 are the bytes 0…255 (World convention); id 0 ends a document and has no bytes. */
export const CONTROL_ID_FIRST = 257;
export const CONTROL_COUNT = 48;

export const CONTROL_NAMES = [
  "suf",
  "pre",
  "mid",
  "hint",
  "eot",
  "user",
  "asst",
  "sys",
  "file",
  "lang",
  "diff",
  "del",
  "ins",
] as const;
export type ControlName = (typeof CONTROL_NAMES)[number];

/** Text of a control token as it stands in the vocabulary file. Chosen not to occur in code or prose. */
export function controlLiteral(name: ControlName): string {
  return `<|${name}|>`;
}

/** All literals in id order: the named ones, then spares for uses to come. */
export const CONTROL_LITERALS: readonly string[] = Array.from({ length: CONTROL_COUNT }, (_, index) => {
  const name = CONTROL_NAMES[index];
  return name === undefined ? `<|spare${index - CONTROL_NAMES.length}|>` : controlLiteral(name);
});
