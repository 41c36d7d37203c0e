/** Makes one whole sentence of what the daemon says: its messages begin small and end without a full stop. Pure. */

export function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
