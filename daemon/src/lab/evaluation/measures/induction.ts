/**
 * Texts that ask for an identifier which was defined some hundred tokens earlier and exists nowhere else: the model can
 * only have it from its State. Pure; TypeScript, as the product's users write most.
 */

import type { Random } from "../../../base/random.js";
import type { Tokenizer } from "../../../engine/engine.js";
import { encodeText } from "../../../prompt/encodeText.js";

/**
 * `typed`: the first three characters stand there. `bare`: nothing of it, but the very words that came before it where
 * it was defined. `undefined`: as `typed`, but what was defined is another name, so that the rest cannot be known.
 */
export const INDUCTION_KINDS = ["typed", "bare", "undefined"] as const;
export type InductionKind = (typeof INDUCTION_KINDS)[number];

export interface InductionCase {
  /** Ends where the model is to go on. */
  readonly prefix: string;
  /** The text that the model must write. */
  readonly expected: string;
  /** Between the last mention of the name and the line that asks for it. */
  readonly distanceTokens: number;
}

interface InductionOptions {
  readonly kind: InductionKind;
  /** Tokens between definition and question, to within a line. */
  readonly distance: number;
  /** Code to put between, line by line; as many as are needed. */
  readonly filler: readonly string[];
  readonly tokenizer: Tokenizer;
  readonly random: Random;
}

/**
 * How a name is defined and used once, what precedes it where it is half typed, and what preceded its use before. Both
 * end with a character that stood before the name already, since a vocabulary may cut ` name` and `(name` differently.
 */
interface Template {
  readonly define: (name: string) => string;
  readonly typed: string;
  readonly bare: string;
}

const TEMPLATES: readonly Template[] = [
  {
    define: (name) => `const ${name} = createClient(options);\nawait ${name}.connect();\n`,
    typed: "return ",
    bare: "await ",
  },
  {
    define: (name) => `const ${name} = new Map<string, number>();\nregistry.add(${name});\n`,
    typed: "for (const [key, value] of ",
    bare: "registry.add(",
  },
  {
    define: (name) =>
      `function ${name}(text: string): string {\n  return text.trim();\n}\nconst result = ${name}(input);\n`,
    typed: "const other = ",
    bare: "const result = ",
  },
  {
    define: (name) => `let ${name} = 0;\ntotals.push(${name});\n`,
    typed: "console.log(",
    bare: "totals.push(",
  },
];
const HEAD = 'import { readFile } from "node:fs/promises";\n\n';

const ONSETS = [
  "br",
  "dr",
  "fl",
  "gr",
  "kl",
  "pl",
  "str",
  "tr",
  "v",
  "z",
  "m",
  "n",
  "l",
  "s",
  "t",
  "k",
] as const;
const VOWELS = ["a", "e", "i", "o", "u"] as const;
const CODAS = ["", "l", "n", "r", "s", "m", "sk", "nt"] as const;
const TYPED_CHARACTERS = 3;
/** A line more or less; the distances that are compared lie a factor of two apart. */
const BEYOND_TOKENS_MAX = 8;

/** Three syllables, such as "brevantil": 3 × log2(16 · 5 · 8) ≈ 28 bits. */
export function drawName(random: Random): string {
  const pick = (parts: readonly string[]) => parts[random.below(parts.length)] ?? "";
  return Array.from({ length: 3 }, () => pick(ONSETS) + pick(VOWELS) + pick(CODAS)).join("");
}

export function inductionCase(options: InductionOptions): InductionCase {
  const { kind, distance, tokenizer, random } = options;
  const template = TEMPLATES[random.below(TEMPLATES.length)] ?? TEMPLATES[0];
  if (template === undefined) throw new Error("there is no template");
  const name = drawName(random);
  const typed = name.slice(0, TYPED_CHARACTERS);
  const defined = kind === "undefined" ? otherName(typed, random) : name;
  // A filler that has such a word of its own would make it a matter of taste.
  const usable = options.filler.filter(
    (line) => !line.includes(typed) && !line.includes(template.bare.trim()),
  );
  const between = linesOf(usable, distance, tokenizer);
  const before = `${HEAD}${template.define(defined)}${between}`;
  const distanceTokens = encodeText(tokenizer, between).length;
  return kind === "bare"
    ? { prefix: before + template.bare, expected: name, distanceTokens }
    : { prefix: before + template.typed + typed, expected: name.slice(TYPED_CHARACTERS), distanceTokens };
}

/** One that does not begin alike. */
function otherName(typed: string, random: Random): string {
  for (;;) {
    const name = drawName(random);
    if (!name.startsWith(typed)) return name;
  }
}

/** Lines up to `tokens` of them and little more, or to the last line; one that goes far beyond is left out. */
function linesOf(lines: readonly string[], tokens: number, tokenizer: Tokenizer): string {
  let text = "";
  for (const line of lines) {
    const longer = `${text}${line}\n`;
    const count = encodeText(tokenizer, longer).length;
    if (count <= tokens + BEYOND_TOKENS_MAX) text = longer;
    if (count >= tokens && longer === text) break;
  }
  return text;
}

/** Whether a text that was written has the name, whole and no longer. */
export function recalls(written: string, expected: string): boolean {
  return written.startsWith(expected) && !/[\w$]/.test(written.charAt(expected.length));
}
