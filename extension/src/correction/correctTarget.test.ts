import { describe, expect, test } from "vitest";
import { correctTarget } from "./correctTarget.js";

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 8 } };
const unchanged = { completionId: "c", proposed: "get_user", kept: "get_user", range };
const edited = { ...unchanged, kept: "fetchUser" };
const shown = {
  completionId: "s",
  uri: "file:///a.ts",
  offset: 8,
  text: "x",
  replaces: 0,
  consumed: 0,
  isPartlyAccepted: false,
};
const nothing: Parameters<typeof correctTarget>[0] = {
  hasSelection: false,
  accepted: null,
  shown: undefined,
  taught: new Map(),
};

describe("Correct This means", () => {
  test.each<[string, Partial<typeof nothing>, string]>([
    ["nothing where nothing was suggested", {}, "nothing"],
    ["the selection before all else", { hasSelection: true, accepted: edited, shown }, "selection"],
    ["the suggestion that is shown", { shown }, "shown"],
    [
      "what was accepted and edited, even with a new suggestion behind it",
      { accepted: edited, shown },
      "edited",
    ],
    [
      "the shown, once that edit was taught",
      { accepted: edited, shown, taught: new Map([["c", "fetchUser"]]) },
      "shown",
    ],
    ["a later edit of what was taught", { accepted: edited, taught: new Map([["c", "fetch"]]) }, "edited"],
    ["the suggestion rather than what was accepted as it was", { accepted: unchanged, shown }, "shown"],
    ["what was accepted and stands unchanged", { accepted: unchanged }, "unchanged"],
  ])("%s", (_name, changes, kind) => expect(correctTarget({ ...nothing, ...changes }).kind).toBe(kind));
});
