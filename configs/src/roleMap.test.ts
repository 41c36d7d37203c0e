import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ROLE_MAPS, type RoleMap, roleMapSchema } from "./roleMap.js";

const isValid = (changes: object) => roleMapSchema.safeParse({ ...ROLE_MAPS.embedded, ...changes }).success;

function withWords(words: Partial<RoleMap["words"]>) {
  return { words: { ...ROLE_MAPS.embedded.words, ...words } };
}

describe("role maps", () => {
  test("every file is listed", () => {
    const folder = fileURLToPath(new URL("../roles/", import.meta.url));
    const names = readdirSync(folder).map((file) => basename(file, ".json"));
    expect(Object.keys(ROLE_MAPS).sort()).toEqual(names.sort());
  });

  test.each([
    ["the map as it is", {}, true],
    ["one more word", withWords({ system: ["SYSTEM", "RULES"] }), true],
    ["a word that means two roles", withWords({ system: ["SYSTEM", "TEXT"] }), false],
    ["a word in small letters", withWords({ system: ["system"] }), false],
    ["a role without a word", withWords({ system: [] }), false],
  ])("%s", (_name, changes, expected) => expect(isValid(changes)).toBe(expected));
});
