import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../base/random.js";
import { drawRenaming, rename } from "./identifiers.js";

const FAR = "configuration";
const NEAR = ["reader", "writer", "buffer", "socket"];
/** Each near name twice in one line, the far one in the first line and the last. */
const TEXT = [
  `const ${FAR} = load();`,
  ...NEAR.map((name) => `${name}.open(${name});`),
  ...Array.from({ length: 20 }, (_, line) => `step(${line});`),
  `run(${FAR});`,
].join("\n");

const drawMany = (text: string) =>
  Array.from({ length: 400 }, (_, seed) => drawRenaming(text, seededRandom(seed)));

describe("drawRenaming", () => {
  it("takes names that occur again, and rather those that lie far apart", () => {
    const drawn = drawMany(TEXT).flatMap((each) => each?.from ?? []);
    const names = [...NEAR, FAR, "step", "open"];
    expect(new Set(drawn)).toEqual(new Set(names));
    const shareOf = (name: string) => drawn.filter((each) => each === name).length / drawn.length;
    // One of two draws suffices: 1 - (6/7)^2 = 27 % instead of 14 %.
    expect(shareOf(FAR)).toBeGreaterThan(0.2);
    for (const name of NEAR) expect(shareOf(name)).toBeLessThan(0.2);
  });

  it("makes names that the text does not have, half or whole invented", () => {
    for (const each of drawMany(TEXT)) {
      if (each === undefined) continue;
      expect(TEXT).not.toContain(each.to);
      expect(rename(TEXT, each)).toContain(each.to);
    }
    const whole = drawMany(TEXT).filter((each) => /^[a-z]+$/.test(each?.to ?? ""));
    expect(whole.length).toBeGreaterThan(400 * 0.15);
    expect(whole.length).toBeLessThan(400 * 0.4);
  });

  it("finds nothing where no name comes again", () => {
    expect(drawRenaming("const reader = open();", seededRandom(1))).toBeUndefined();
    expect(drawRenaming("return return return", seededRandom(1))).toBeUndefined();
  });
});
