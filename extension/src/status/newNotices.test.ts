import { expect, test } from "vitest";
import { newNotices } from "./newNotices.js";

test("a sentence is told once, in whichever window, and again when it comes back", () => {
  const stored = new Map<string, unknown>();
  const memory = {
    get: (key: string) => stored.get(key),
    update: async (key: string, value: readonly string[]) => void stored.set(key, value),
  };
  expect(newNotices(memory, ["a is damaged"])).toEqual(["a is damaged"]);
  expect(newNotices(memory, ["a is damaged", "b is gone"])).toEqual(["b is gone"]);
  expect(newNotices(memory, ["b is gone"])).toEqual([]);
  expect(newNotices(memory, ["a is damaged", "b is gone"])).toEqual(["a is damaged"]);
  expect(newNotices({ get: () => "rubbish", update: async () => undefined }, ["c"])).toEqual(["c"]);
});
