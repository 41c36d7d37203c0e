import { describe, expect, test } from "vitest";
import { type Circumstances, correctTarget } from "./correctTarget.js";

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 8 } };
const unchanged = { completionId: "c", proposed: "get_user", kept: "get_user", range };
const edited = { ...unchanged, kept: "fetchUser" };
const suggestion = {
  completionId: "s",
  uri: "file:///a.ts",
  offset: 8,
  text: "x",
  replaces: 0,
  consumed: 0,
  isPartlyTaken: false,
};
const nothing: Circumstances = {
  hasSelection: false,
  accepted: null,
  suggestion: undefined,
  taught: new Map(),
};

describe("Correct This means", () => {
  test.each<[string, Partial<Circumstances>, string]>([
    ["nothing where nothing was suggested", {}, "nothing"],
    ["the selection before all else", { hasSelection: true, accepted: edited, suggestion }, "selection"],
    ["the suggestion that is shown", { suggestion }, "suggestion"],
    [
      "what was accepted and edited, even with a new suggestion behind it",
      { accepted: edited, suggestion },
      "edited",
    ],
    [
      "the suggestion, once that edit was taught",
      { accepted: edited, suggestion, taught: new Map([["c", "fetchUser"]]) },
      "suggestion",
    ],
    ["a later edit of what was taught", { accepted: edited, taught: new Map([["c", "fetch"]]) }, "edited"],
    [
      "the suggestion rather than what was accepted as it was",
      { accepted: unchanged, suggestion },
      "suggestion",
    ],
    ["what was accepted and stands unchanged", { accepted: unchanged }, "unchanged"],
  ])("%s", (_name, changes, kind) => expect(correctTarget({ ...nothing, ...changes }).kind).toBe(kind));
});
