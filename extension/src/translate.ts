/**
 * How sentences for people are made. Pure modules take this as an argument: in the editor it is `vscode.l10n.t`, whose
 * bundles lie in l10n/; in tests it is English. A message's own English text is its key; `{0}` stands for a value.
 */

export type Translate = (message: string, ...values: readonly (string | number)[]) => string;
