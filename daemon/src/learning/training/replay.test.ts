import fc from "fast-check";
import { expect, it } from "vitest";
import { correctionRecord } from "../../../test/records.js";
import { drawDistinct, randomFrom } from "../../base/random.js";
import { type Earlier, replayPool } from "./replay.js";

function earlier(id: string, prompt: readonly number[]): Earlier {
  return { correction: correctionRecord({ id, prompt: { text: "", tokens: [...prompt] } }), spanStart: 0 };
}

function poolOf(line: readonly Earlier[], prompt: readonly number[], seed = 1): string[] {
  const { correction } = earlier("new", prompt);
  return replayPool({ earlier: line, correction, random: randomFrom(seed) })
    .map((each) => each.correction.id)
    .sort();
}

it("draws from every earlier correction", () => {
  expect(poolOf([earlier("a", [1]), earlier("b", [2])], [3])).toEqual(["a", "b"]);
  expect(poolOf([], [3])).toEqual([]);
});

it("leaves out what the new one or a later correction of the same place contradicts", () => {
  expect(poolOf([earlier("a", [1]), earlier("b", [2]), earlier("c", [1])], [3])).toEqual(["b", "c"]);
  expect(poolOf([earlier("a", [1]), earlier("b", [2])], [2])).toEqual(["a"]);
});

it("draws few from many, by the seed alone", () => {
  const line = Array.from({ length: 100 }, (_, index) => earlier(`c${index}`, [index]));
  const pool = poolOf(line, [1000], 7);
  expect(pool).toHaveLength(16);
  expect(poolOf(line, [1000], 7)).toEqual(pool);
  expect(poolOf(line, [1000], 8)).not.toEqual(pool);
});

it("draws different items, as many as there are", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(30), fc.nat(40), (seed, size, count) => {
      const items = Array.from({ length: size }, (_, index) => index);
      const drawn = drawDistinct({ random: randomFrom(seed), items, count });
      expect(drawn).toHaveLength(Math.min(size, count));
      expect(new Set(drawn).size).toBe(drawn.length);
    }),
  );
});

it("draws evenly", () => {
  const random = randomFrom(1);
  const counts = [0, 0, 0, 0];
  for (let round = 0; round < 4000; round++) {
    for (const item of drawDistinct({ random, items: [0, 1, 2, 3], count: 1 }))
      counts[item] = (counts[item] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
