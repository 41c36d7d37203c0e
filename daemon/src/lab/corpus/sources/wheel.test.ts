import { expect, it } from "vitest";
import { makeWheel } from "../../../../test/testTarball.js";
import { readWheel } from "./wheel.js";

const WHEEL = makeWheel("snake", { "snake/a.py": "a\n", "snake/b.so": "binary" }, "Name: snake\n").tarball;

it("unpacks the files that are wanted and no others", () => {
  const files = readWheel(WHEEL, (path) => path.endsWith(".py"));
  expect(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])).toEqual([
    ["snake/a.py", "a\n"],
  ]);
});

it("refuses an archive that was cut off", () => {
  expect(() => readWheel(WHEEL.subarray(0, WHEEL.length / 2), () => true)).toThrow();
});
