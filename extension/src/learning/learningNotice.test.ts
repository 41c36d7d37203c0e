import { describe, expect, test } from "vitest";
import type { DidLearn } from "../../../daemon/src/protocol/corrections.js";
import { inEnglish } from "../../test/inEnglish.js";
import { noticeOf } from "./learningNotice.js";

const learned: DidLearn = {
  correctionId: "c1",
  project: { id: "p", name: "shop" },
  outcome: {
    kind: "learned",
    proven: true,
    adapterVersion: 38,
    steps: 8,
    lossBefore: 3,
    lossAfter: 0.1,
    seconds: 1.43,
  },
  rejected: "get_user",
  wanted: "fetchUser",
  origin: "completion",
  replaces: null,
};
const unproven: DidLearn = {
  ...learned,
  outcome: { ...learned.outcome, kind: "learned", proven: false } as never,
};
const notLearned: DidLearn = { ...learned, outcome: { kind: "not-learned", seconds: 2, message: "m" } };
const failed: DidLearn = { ...learned, outcome: { kind: "failed", message: "the disk is full" } };

describe("a notice", () => {
  test.each<[string, readonly DidLearn[], string]>([
    ["of a lesson that was proven", [learned], "Learned: `get_user` → `fetchUser` · 1.4 s"],
    [
      "of one without a proof does not claim it",
      [unproven],
      "Trained, but not proven yet: `get_user` → `fetchUser` · 1.4 s",
    ],
    ["of silence", [{ ...learned, wanted: "" }], "Learned: nothing instead of `get_user` · 1.4 s"],
    [
      "of a selection, of which nothing was rejected",
      [{ ...learned, rejected: "" }],
      "Learned: `fetchUser` · 1.4 s",
    ],
    [
      "of what was not learned",
      [notLearned],
      "Not learned: instead of `fetchUser` the model still writes something else.",
    ],
    [
      "of what takes the place of an earlier one",
      [{ ...learned, replaces: "c0" }],
      "Learned: `get_user` → `fetchUser` · 1.4 s; it replaces what was taught here before",
    ],
    ["of what waits", [failed], "Kept, and learned later: the disk is full"],
    ["of several", [learned, learned, notLearned], "Corrections learned: 2; not yet: 1"],
    [
      "of a saved sft.org",
      [learned, learned].map((each) => ({ ...each, origin: "org" as const })),
      "Samples of sft.org learned: 2",
    ],
  ])("%s", (_name, events, text) => expect(noticeOf(events, inEnglish)?.text).toBe(text));

  test("of nothing is none", () => expect(noticeOf([], inEnglish)).toBeUndefined());

  test("of what was replaced or taken back before its turn is none", () => {
    const withdrawn: DidLearn = { ...learned, outcome: { kind: "withdrawn", message: "m" } };
    expect(noticeOf([withdrawn], inEnglish)).toBeUndefined();
    expect(noticeOf([withdrawn, learned], inEnglish)?.text).toBe("Learned: `get_user` → `fetchUser` · 1.4 s");
  });

  test("offers to take back what was learned, and only that", () => {
    expect(noticeOf([learned], inEnglish)?.undo).toBe("c1");
    expect(noticeOf([notLearned], inEnglish)?.undo).toBeUndefined();
  });

  test("cuts a long excerpt between characters", () => {
    const text = noticeOf([{ ...learned, rejected: "", wanted: "𝒳".repeat(100) }], inEnglish)?.text ?? "";
    expect(text).toBe(`Learned: \`${"𝒳".repeat(60)}…\` · 1.4 s`);
  });
});
