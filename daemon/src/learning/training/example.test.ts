import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correctionRecord } from "../../../test/records.js";
import { firstDifference } from "../../lessons/lesson.js";
import { toExample } from "./example.js";

const RECIPE = { spanWeight: 4, afterWeight: 1 };

interface Drawn {
  readonly prompt?: readonly number[];
  readonly boundary?: number;
  readonly rejected?: readonly number[];
  readonly wanted: readonly number[];
  readonly end?: number | null;
  readonly following?: readonly number[];
}

function exampleOf({ prompt = [1, 2, 3], rejected = [], wanted, ...rest }: Drawn) {
  const correction = correctionRecord({
    prompt: { text: "", tokens: [...prompt] },
    boundary: rest.boundary ?? prompt.length - 1,
    rejected: { text: "", tokens: [...rejected] },
    wanted: { text: wanted.length === 0 ? "" : "wanted", tokens: [...wanted] },
    end: rest.end === undefined ? 0 : rest.end,
    following: [...(rest.following ?? [])],
  });
  const spanStart = firstDifference(rejected, wanted);
  return toExample({ correction, spanStart, recipe: RECIPE });
}

/** Per predicted token: `weight/klWeight`, tested ones in brackets. */
function draw(example: ReturnType<typeof exampleOf>): string {
  return Array.from(example.weights, (weight, position) => {
    const isTested = position >= example.testedFrom && position < example.testedTo;
    const text = `${example.tokens[position + 1]}:${weight}/${example.klWeights[position]}`;
    return isTested ? `[${text}]` : text;
  }).join(" ");
}

describe("the weights of an example", () => {
  it.each<[string, Drawn, string]>([
    ["teach all where nothing is known of the rejected text", { wanted: [7, 8] }, "[7:4/0] [8:4/0] [0:1/0]"],
    [
      "teach from the first difference to the end, also what looks unchanged, and hold the lead to the base",
      { rejected: [5, 6, 9], wanted: [5, 7, 9] },
      "5:0/1 [7:4/0] [9:4/0] [0:1/0]",
    ],
    ["teach an insertion at the end", { rejected: [5], wanted: [5, 6] }, "5:0/1 [6:4/0] [0:1/0]"],
    ["teach the ending where a text was cut short", { rejected: [5, 6], wanted: [5] }, "5:0/1 [0:4/0]"],
    ["teach that nothing should come", { rejected: [5], wanted: [] }, "[0:4/0]"],
    [
      "hold what the adapter reads of the prompt to the base",
      { prompt: [1, 2, 3], boundary: 0, wanted: [7] },
      "2:0/1 3:0/1 [7:4/0] [0:1/0]",
    ],
    [
      "count the next token a little and hold the rest of what follows to the base",
      { wanted: [7], end: null, following: [10, 11, 12] },
      "[7:4/0] 10:1/0 11:0/1 12:0/1",
    ],
    [
      "test what follows where a text without an ending was cut short",
      { rejected: [5, 6], wanted: [5], end: null, following: [10, 11] },
      "5:0/1 [10:4/0] 11:0/1",
    ],
    ["end with the wanted text where nothing follows", { wanted: [7, 8], end: null }, "[7:4/0] [8:4/0]"],
  ])("%s", (_name, drawn, expected) => {
    expect(draw(exampleOf(drawn))).toBe(expected);
  });

  it("hold for any correction", () => {
    const tokens = fc.array(fc.nat(4), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        tokens,
        tokens,
        fc.option(fc.constant(0)),
        fc.array(fc.nat(4), { minLength: 1, maxLength: 30 }),
        (prompt, cut, rejected, wanted, end, following) => {
          fc.pre(rejected.join() !== wanted.join());
          const boundary = cut % prompt.length;
          const example = exampleOf({ prompt, boundary, rejected, wanted, end, following });
          const positions = example.weights.length;
          expect(example.tokens.length).toBe(positions + 1);
          expect(example.klWeights.length).toBe(positions);
          // What is tested is taught, there is some, and it lies in one piece from the first difference.
          expect(example.testedFrom).toBeLessThan(example.testedTo);
          expect(example.testedTo).toBeLessThanOrEqual(positions);
          for (let position = 0; position < positions; position++) {
            const isTested = position >= example.testedFrom && position < example.testedTo;
            if (isTested) expect(example.weights[position]).toBeGreaterThan(0);
            // Nothing is both taught and held to the base.
            expect((example.weights[position] ?? 0) * (example.klWeights[position] ?? 0)).toBe(0);
          }
          const taught = wanted.slice(firstDifference(rejected, wanted));
          expect([...example.tokens.slice(example.testedFrom + 1)].slice(0, taught.length)).toEqual(taught);
          const span = example.weights.slice(example.testedFrom, example.testedFrom + taught.length);
          expect([...span].every((weight) => weight === 4)).toBe(true);
        },
      ),
    );
  });
});

it("the first difference is where two texts part", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3)), fc.array(fc.nat(3)), (rejected, wanted) => {
      const index = firstDifference(rejected, wanted);
      expect(wanted.slice(0, index)).toEqual(rejected.slice(0, index));
      if (index < wanted.length) expect(wanted[index]).not.toBe(rejected[index]);
    }),
  );
});
