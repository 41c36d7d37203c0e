/** How sentences for people are made: translated, or from what the daemon says. Pure. */

/**
 * Pure modules take this as an argument: in the editor it is `vscode.l10n.t`, whose bundles lie in l10n/; in tests it is
 * English. A message's own English text is its key; `{0}` stands for a value.
 */
export type Translate = (message: string, ...values: readonly (string | number)[]) => string;

/** One whole sentence: the daemon's messages begin small and end without a full stop. */
export function errorMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
