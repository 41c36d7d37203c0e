import fc from "fast-check";
import { expect, test } from "vitest";
import { NewestMap } from "./newestMap.js";

function filled(max: number, keys: string): NewestMap<string, number> {
  const map = new NewestMap<string, number>(max);
  for (const [at, key] of [...keys].entries()) map.set(key, at);
  return map;
}
const keysOf = (map: NewestMap<string, number>) =>
  map
    .entries()
    .map(([key]) => key)
    .join("");

test.each([
  ["keeps all while they are few", "ab", "ab"],
  ["lets the oldest go beyond its number", "abcd", "bcd"],
  ["counts a key that is set again as the newest", "abcad", "cad"],
])("%s", (_name, keys, kept) => {
  expect(keysOf(filled(3, keys))).toBe(kept);
});

test("gives the newest value of a key, and nothing for one that went or was deleted", () => {
  const map = filled(2, "abca");
  map.delete("c");
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([3, undefined, undefined]);
  expect([map.size, map.values()]).toEqual([1, [3]]);
});

test("replaces a value without making its key newer, and only where there is one", () => {
  const map = filled(2, "ab");
  map.replace("a", 7);
  map.replace("z", 8);
  expect(map.entries()).toEqual([
    ["a", 7],
    ["b", 1],
  ]);
  map.set("c", 2);
  expect(keysOf(map)).toBe("bc");
});

test("may be changed while its entries are walked through", () => {
  const map = filled(3, "abc");
  for (const [key, value] of map.entries()) map.set(key, value + 1);
  expect(map.values()).toEqual([1, 2, 3]);
  map.clear();
  expect(map.size).toBe(0);
});

test("holds the keys that were set last, whatever is set", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(..."abcdef")), fc.integer({ min: 1, max: 4 }), (keys, max) => {
      const newestFirst = [...new Set(keys.toReversed())].slice(0, max);
      expect(keysOf(filled(max, keys.join("")))).toBe(newestFirst.toReversed().join(""));
    }),
  );
});

test("lets the oldest go when all values together are too large, and knows their size", () => {
  const map = new NewestMap<string, string>(10, { bytesOf: (value) => value.length, bytesMax: 6 });
  for (const [key, value] of [
    ["a", "11"],
    ["b", "22"],
    ["c", "33"],
    ["d", "4"],
  ] as const) {
    map.set(key, value);
  }
  expect([map.values(), map.bytes]).toEqual([["22", "33", "4"], 5]);
  map.replace("b", "2");
  map.set("c", "3");
  expect([map.values(), map.bytes]).toEqual([["2", "4", "3"], 3]);
  map.delete("b");
  map.set("e", "too large");
  expect([map.size, map.bytes]).toEqual([0, 0]);
});
