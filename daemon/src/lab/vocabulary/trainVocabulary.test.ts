import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { sampleCode } from "../../../test/testTarball.js";
import { worldFormat } from "../../models/worldFormat.js";
import { CONTROL_ID_FIRST, CONTROL_LITERALS } from "../../prompt/controlTokens.js";
import { learnPairs } from "./bytePairs.js";
import { pretokens } from "./pretokens.js";
import { countTokens, trainVocabulary } from "./trainVocabulary.js";

const SIZE = 800;
const TEXTS = [1, 2, 3].map((seed) => sampleCode(seed));

function learn(pieces: Readonly<Record<string, number>>, merges: number): string[] {
  const learning = learnPairs({ pieces: new Map(Object.entries(pieces)), merges, bytesMax: 32 });
  for (;;) {
    const step = learning.next();
    if (step.done === true) return step.value;
  }
}

describe("learnPairs", () => {
  it("learns the most frequent pairs first, ties by bytes", () => {
    expect(learn({ aab: 5, ab: 4, cd: 4, ce: 4 }, 3)).toEqual(["ab", "aab", "cd"]);
  });

  it("equals counting all pairs anew for every merge", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.dictionary(piece, fc.integer({ min: 1, max: 9 }), { maxKeys: 12 }), (pieces) => {
        expect(learn(pieces, 8)).toEqual(learnSlowly(pieces, 8));
      }),
    );
  });
});

/** The definition: count, take the best, merge, again. */
function learnSlowly(pieces: Readonly<Record<string, number>>, merges: number): string[] {
  let words = Object.entries(pieces).map(([text, count]) => ({ symbols: [...text], count }));
  const learnt = new Set<string>();
  while (learnt.size < merges) {
    const counts = new Map<string, { count: number; left: string; right: string }>();
    for (const { symbols, count } of words) {
      for (let i = 0; i + 1 < symbols.length; i++) {
        const [left, right] = [symbols[i] ?? "", symbols[i + 1] ?? ""];
        const key = `${left} ${right}`;
        counts.set(key, { left, right, count: (counts.get(key)?.count ?? 0) + count });
      }
    }
    const text = ({ left, right }: { left: string; right: string }) => left + right;
    const [best] = [...counts.values()].sort((a, b) => b.count - a.count || (text(a) < text(b) ? -1 : 1));
    if (best === undefined || best.count < 2) break;
    // Two splits of the same bytes are told apart by nothing but their order; such cases are left out here.
    const rivals = [...counts.values()].filter(
      (pair) => pair.count === best.count && text(pair) === text(best),
    );
    fc.pre(rivals.length === 1);
    learnt.add(text(best));
    words = words.map(({ symbols, count }) => {
      const merged: string[] = [];
      for (let i = 0; i < symbols.length; i++) {
        if (symbols[i] === best.left && symbols[i + 1] === best.right) {
          merged.push(text(best));
          i++;
        } else merged.push(symbols[i] ?? "");
      }
      return { symbols: merged, count };
    });
  }
  return [...learnt];
}

describe("pretokens", () => {
  it("concatenate to the text, and have newlines only at their start", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."aZ_9 \t\n\r.(é漢👍\u0301") }), (text) => {
        const pieces = pretokens(text);
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) expect(piece).toMatch(/^\n*[^\n]*$/);
      }),
    );
  });

  it.each([
    [
      "if (a1 === b_c) {\n    return  x;\n",
      ["if", " (", "a", "1", " ===", " b_c", ")", " {", "\n    ", "return", " ", " x", ";", "\n"],
    ],
    ["=> 42", ["=>", " 4", "2"]],
  ])("cut %j", (text, pieces) => expect(pretokens(text)).toEqual(pieces));
});

describe("trainVocabulary", () => {
  it("fills the size exactly: bytes, control tokens, then the rest by length, each once", async () => {
    const trained = await trainVocabulary({ texts: TEXTS, size: SIZE });
    if (trained.kind !== "finished") throw new Error("cancelled");
    const lines = trained.file.trimEnd().split("\n");
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(lines.map((_, index) => index + 1));
    expect(lines.length).toBeLessThanOrEqual(SIZE - 1);
    expect(new Set(lines.map((line) => line.replace(/^\d+ /, ""))).size).toBe(lines.length);
    expect(lines[0]).toBe("1 '\\x00' 1");
    expect(lines[255]).toBe("256 b'\\xff' 1");
    expect(lines[CONTROL_ID_FIRST - 1]).toBe("257 '<|suf|>' 7");
    const lengths = lines
      .slice(CONTROL_ID_FIRST - 1 + CONTROL_LITERALS.length)
      .map((line) => Number(line.slice(line.lastIndexOf(" "))));
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    expect(countTokens(TEXTS[0] ?? "", trained.tokens)).toBeLessThan((TEXTS[0]?.length ?? 0) / 3);
  });

  it("makes the same file from the same texts", async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(() => trainVocabulary({ texts: TEXTS, size: SIZE })),
    );
    expect(first).toEqual(second);
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort();
    expect(await trainVocabulary({ texts: TEXTS, size: SIZE, signal })).toEqual({ kind: "cancelled" });
  });
});

test.each([
  ["it's", `1 "it's" 4\n`],
  [`'"`, `1 '\\'"' 2\n`],
  ["\\\n\t\r", "1 '\\\\\\n\\t\\r' 4\n"],
  ["é\u200b", "1 'é\\u200b' 5\n"],
])("World format writes %j as Python does", (text, line) =>
  expect(worldFormat([{ id: 1, bytes: Buffer.from(text) }])).toBe(line),
);
