/**
 * Draws what people may teach, likely or not: 1 to 300 tokens on 1 to 12 lines, that end anywhere, in open brackets too;
 * code and prose, emoji, CJK, combining marks, tabs, Windows line ends, and now and then what nobody sees. Within code, at
 * its end, within a line, between brackets. A pure function of the seed.
 */

import { type DrawnPlace, drawingFrom, readCode } from "./drawCorrections.js";

const TOKENS_MAX = 300;
const LINES_MAX = 12;
const WORDS = [
  "naïve",
  "über",
  "e\u0301lan",
  "n\u0303andu\u0301",
  "语言模型",
  "東京タワー",
  "안녕하세요",
  "Привет",
  "שלום",
  "مرحبا",
  "हिन्दी",
  "🎉",
  "👩‍👩‍👧",
  "👍🏽",
  "❤️",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "Ω≈ç√∫",
  "→",
  "\u00a0",
];
const UNSEEN = ["\u2028", "\u0000", "\u202e", "\u200b", "\ufeff", "\u0007"];
const OPENERS = ["(", "{", "[", "`", ".", " =>", "=", ","];

/** Draws without end. */
export function* drawTexts(
  seed: number,
  countTokens: (text: string) => number,
): Generator<DrawnPlace & { readonly tokens: number }> {
  const { chance, pick, below, name } = drawingFrom(seed);
  const files = readCode();

  const line = (): string => {
    const code = pick(pick(files).text.split("\n")).replace(/[A-Za-z_]\w{2,}/g, (found) =>
      chance(0.2) ? name() : found,
    );
    if (chance(0.7))
      return chance(0.15) ? code.replace(/^ +/, (blanks) => "\t".repeat(blanks.length / 2)) : code;
    const words = Array.from({ length: 1 + below(6) }, () => pick(WORDS));
    return chance(0.5) ? `const ${name()} = "${words.join(" ")}";` : `// ${words.join(" ")} ${name()}`;
  };
  const cut = (text: string, tokensMax: number): string => {
    const characters = [...text];
    while (countTokens(characters.join("")) > tokensMax)
      characters.length -= Math.ceil(characters.length / 50);
    return characters.join("");
  };
  const wantedText = (): string => {
    const tokensMax = 1 + Math.floor(TOKENS_MAX * (below(1000) / 1000) ** 2);
    const lines = Array.from({ length: chance(0.4) ? 1 : 2 + below(LINES_MAX - 1) }, line);
    const whole =
      lines.length === 1 ? Array.from({ length: 1 + below(4) }, line).join(" ") : lines.join("\n");
    let text = cut(chance(0.8) ? whole.trimStart() : whole, tokensMax);
    if (chance(0.2)) text += pick(OPENERS);
    if (chance(0.08)) text = `${text.slice(0, text.length / 2)}${pick(UNSEEN)}${text.slice(text.length / 2)}`;
    return chance(0.1) ? text.replaceAll("\n", "\r\n") : text;
  };

  while (true) {
    const { name: path, text } = pick(files);
    const lines = text.split("\n");
    const row = below(lines.length);
    const column = below((lines[row] ?? "").length + 1);
    const above = [...lines.slice(0, row), (lines[row] ?? "").slice(0, column)].join("\n");
    const below_ = `\n${lines.slice(row + 1).join("\n")}`;
    const place = pick([
      { prefix: above, suffix: below_ },
      { prefix: above, suffix: below_ },
      { prefix: above, suffix: "" },
      { prefix: `${above}${name()}(`, suffix: `)${below_}` },
      { prefix: above, suffix: `${(lines[row] ?? "").slice(column)}${below_}` },
    ]);
    const wanted = wantedText();
    yield { path: `src/${path.replace(/\.txt$/, "")}`, ...place, wanted, tokens: countTokens(wanted) };
  }
}
