/**
 * Tokens that every vocabulary gets whether or not its corpus would have taught them: indentation, and the words of
 * the languages it is for. A small vocabulary learns most of them anyway; this keeps rare corpora usable.
 */

const INDENT_MAX = 16;
const TABS_MAX = 8;

const WORDS = `
abstract any as async await boolean break case catch class const constructor continue debugger declare default delete
do else enum export extends false finally for from function get if implements import in infer instanceof interface is
keyof let never new null number object of override private protected public readonly return satisfies set static string
super switch symbol this throw true try type typeof undefined unique unknown var void while with yield
Array Boolean Buffer Date Error JSON Map Math Number Object Partial Promise Readonly Record RegExp Request Response Set
String Symbol Uint8Array URL WeakMap
assert body catch console describe error expect filter find forEach has headers includes index indexOf it join key keys
length log map message method module name next node options params parse path prototype push query reduce replace req
require res resolve result slice some sort split start state status stringify test then toBe toEqual toString trim url
value values
and def elif except lambda None not or pass print raise self True False
auto bool char double float include int namespace size_t std struct template uint8_t unsigned using
`;

/** Texts in no particular order, each once. */
export function fixedTokens(): string[] {
  const words = WORDS.trim().split(/\s+/);
  const spaces = Array.from({ length: INDENT_MAX }, (_, i) => " ".repeat(i + 1));
  const tabs = Array.from({ length: TABS_MAX }, (_, i) => "\t".repeat(i + 1));
  return [
    ...new Set([
      ...[...spaces, ...tabs].flatMap((indent) => [indent, `\n${indent}`]),
      ...words.flatMap((word) => [word, ` ${word}`]),
      " =>",
      " {",
      " }",
      "();",
      ");",
      "});",
      "\n\n",
    ]),
  ].filter((text) => text.length > 1);
}
