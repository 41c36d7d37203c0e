import { expect, it } from "vitest";
import { sampleCode } from "../../../test/testTarball.js";
import { Deduplicator } from "./deduplicate.js";

it("finds exact copies, near copies, and no others", () => {
  const twins = new Deduplicator();
  const source = sampleCode(1);
  expect(twins.add(source)).toBeUndefined();
  expect(twins.add(source)).toBe("exact");
  expect(twins.add(`"use strict";\n${source.replace("bounded <", "bounded <=")}`)).toBe("near");
  expect(twins.add(sampleCode(2))).toBeUndefined();
});
