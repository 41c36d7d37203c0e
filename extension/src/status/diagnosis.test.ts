import { describe, expect, test } from "vitest";
import { daemon } from "../../test/daemonStates.js";
import { inEnglish } from "../../test/inEnglish.js";
import { diagnose, type Symptoms } from "./diagnosis.js";

const well: Symptoms = {
  link: { kind: "running", daemon },
  document: { language: "typescript", isSuggestible: true },
  disabled: undefined,
  isInlineSuggestEnabled: true,
  isNotAsked: false,
  otherProviders: [],
  t: inEnglish,
};

describe("why no suggestion comes", () => {
  test.each<[string, Partial<Symptoms>, string, string | undefined]>([
    [
      "the daemon gave up",
      { link: { kind: "failed", message: "it ended" } },
      "it ended",
      "ouroboros.restart",
    ],
    ["it starts", { link: { kind: "starting" } }, "in a moment", undefined],
    [
      "the model failed",
      {
        link: {
          kind: "running",
          daemon: { ...daemon, model: { kind: "failed", code: "x", message: "no file" } },
        },
      },
      "no file",
      "ouroboros.showLog",
    ],
    ["no editor", { document: undefined }, "No text editor", undefined],
    ["an output panel", { document: { language: "log", isSuggestible: false } }, "only files", undefined],
    ["VS Code's switch", { isInlineSuggestEnabled: false }, "own setting", "workbench.action.openSettings"],
    ["our switch", { disabled: "setting" }, "typescript", "workbench.action.openSettings"],
    ["a glob", { disabled: "glob" }, "secret", "workbench.action.openSettings"],
    ["a correction being written", { disabled: "correcting" }, "Escape", undefined],
    ["a snooze", { isNotAsked: true }, "snoozed", "editor.action.inlineSuggest.cancelSnooze"],
    ["another extension", { otherProviders: ["Copilot"] }, "Copilot", undefined],
    ["nothing at all", {}, "All is well", undefined],
  ])("%s", (_name, changes, part, command) => {
    const diagnosis = diagnose({ ...well, ...changes });
    expect(diagnosis.sentence).toContain(part);
    expect(diagnosis.fix?.command).toBe(command);
  });
});
