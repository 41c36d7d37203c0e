/** What lies inside a folder, and what only looks so. */

import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { isWithin, pathWithin } from "./pathWithin.js";

const folder = resolve("/home/ann/house");

test.each([
  ["a file in it", "door.ts", true],
  ["a file deeper in it", "src/door.ts", true],
  ["itself", "", false],
  ["the folder around it", "..", false],
  ["a neighbour", "../garden/door.ts", false],
  ["a neighbour whose name begins as its own does", "../household/door.ts", false],
  ["a name that begins with two dots", "..door.ts", true],
  ["a way out and back", "../house/door.ts", true],
])("%s", (_name, path, expected) => {
  expect(isWithin(folder, join(folder, path))).toBe(expected);
});

test("names what lies in a folder with slashes", () => {
  expect(pathWithin(folder, join(folder, "src", "door.ts"))).toBe("src/door.ts");
});
