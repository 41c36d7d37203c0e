import { expect, it } from "vitest";
import { describeNotice, type Notice } from "./notices.js";

it.each<[Notice, string]>([
  [
    { kind: "adapter", version: 1, used: 0, corrections: ["a"] },
    "adapter version 1 is missing or damaged: the model without an adapter is used, without 1 correction, until it has been made again from the journal",
  ],
  [{ kind: "pending", corrections: ["a", "b"] }, "2 corrections kept but not learned yet: a, b"],
  [
    { kind: "journal", damage: { kind: "corrupt", file: "/j/000001.jsonl", line: 7, bytes: 90 } },
    "/j/000001.jsonl line 7 is damaged and left out; all other records are read",
  ],
  [
    { kind: "journal", damage: { kind: "torn", file: "/j/000001.jsonl", line: 7, bytes: 90 } },
    "/j/000001.jsonl ended in half a record (90 bytes), which was never acknowledged; it is left out",
  ],
])("%j in one sentence", (notice, sentence) => {
  expect(describeNotice(notice)).toBe(sentence);
});
