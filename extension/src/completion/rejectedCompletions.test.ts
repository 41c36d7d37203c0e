import { expect, test } from "vitest";
import { RejectedCompletions } from "./rejectedCompletions.js";

const place = { uri: "file:///a.ts", before: "  return ", text: "wrong;" };

test("a text called wrong is not offered again at its place until it is settled", () => {
  const rejected = new RejectedCompletions();
  rejected.add("1", place);
  expect(rejected.has(place)).toBe(true);
  expect(rejected.has({ ...place, text: "right;" })).toBe(false);
  expect(rejected.has({ ...place, uri: "file:///b.ts" })).toBe(false);
  rejected.forget("1");
  expect(rejected.has(place)).toBe(false);
});

test("keeps the newest places when there are too many", () => {
  const rejected = new RejectedCompletions();
  for (let index = 0; index < 60; index += 1) rejected.add(String(index), { ...place, text: String(index) });
  expect(rejected.has({ ...place, text: "0" })).toBe(false);
  expect(rejected.has({ ...place, text: "59" })).toBe(true);
});
