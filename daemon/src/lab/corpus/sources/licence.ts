/**
 * Which licences may enter a training corpus: SPDX identifiers, with `OR` and `AND` expressions.
 * A package whose licence is missing or not an SPDX expression is refused, never guessed.
 */

const ACCEPTED: ReadonlySet<string> = new Set([
  "MIT",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "0BSD",
  "CC0-1.0",
]);

/** True if the expression allows use under accepted licences alone: one side of `OR`, every side of `AND`. */
export function isAcceptedLicence(expression: string): boolean {
  const flat = expression.replace(/[()]/g, " ").trim();
  // Nested groups would need a parser; `A OR B` and `A AND B` are all that packages really use.
  if (/\bOR\b/.test(flat) && /\bAND\b/.test(flat)) return false;
  if (/\bOR\b/.test(flat)) return flat.split(/\bOR\b/).some(isAcceptedIdentifier);
  return flat.split(/\bAND\b/).every(isAcceptedIdentifier);
}

function isAcceptedIdentifier(identifier: string): boolean {
  return ACCEPTED.has(identifier.trim());
}

/**
 * The SPDX identifier of a licence text, by the sentences that set these texts apart; undefined for any other text.
 * Used where metadata says no more than "BSD".
 */
export function licenceOfText(text: string): string | undefined {
  const flat = text.replace(/\s+/g, " ");
  const found = TEXTS.filter(({ has, lacks }) => has.test(flat) && !(lacks?.test(flat) ?? false));
  return found.length === 1 ? found[0]?.identifier : undefined;
}

const NO_ENDORSEMENT =
  /(Neither the names? of|The names? of the|may not be used to endorse or promote products)/i;
const TEXTS: readonly { readonly identifier: string; readonly has: RegExp; readonly lacks?: RegExp }[] = [
  { identifier: "MIT", has: /Permission is hereby granted, free of charge, to any person obtaining a copy/i },
  { identifier: "Apache-2.0", has: /Apache License,? Version 2\.0/i },
  {
    identifier: "BSD-2-Clause",
    has: /Redistribution and use in source and binary forms/i,
    lacks: NO_ENDORSEMENT,
  },
  {
    identifier: "BSD-3-Clause",
    has: /Redistribution and use in source and binary forms.*(Neither the names? of|may not be used to endorse or promote products)/i,
    lacks: /All advertising materials/i,
  },
  {
    identifier: "ISC",
    has: /Permission to use, copy, modify, and(\/or)? distribute this software .* provided that the above copyright notice/i,
  },
  {
    identifier: "0BSD",
    has: /Permission to use, copy, modify, and(\/or)? distribute this software/i,
    lacks: /provided that the above copyright notice/i,
  },
  { identifier: "CC0-1.0", has: /CC0 1\.0 Universal/i },
];
