/**
 * Which licences may enter a training corpus: SPDX identifiers, with `OR` and `AND` expressions.
 * A package whose licence field is missing or not an SPDX expression is refused, never guessed.
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

/** The licence expression of a parsed package.json (`license` as text, or the old `{ type }` form). */
export function licenceOf(manifest: unknown): string | undefined {
  if (typeof manifest !== "object" || manifest === null || !("license" in manifest)) return undefined;
  const licence = manifest.license;
  if (typeof licence === "string") return licence;
  if (typeof licence === "object" && licence !== null && "type" in licence) {
    return typeof licence.type === "string" ? licence.type : undefined;
  }
  return undefined;
}
