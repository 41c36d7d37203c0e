import { describe, expect, test } from "vitest";
import type { DaemonState, LearningState } from "../../../daemon/src/protocol/state.js";
import { daemon, project } from "../../test/daemonStates.js";
import { inEnglish } from "../../test/inEnglish.js";
import type { LinkState } from "../daemon/linkState.js";
import { statusOf } from "./statusModel.js";

function of(link: LinkState, isTrusted = true) {
  return statusOf({ link, path: "/home/ada/shop/a.ts", isTrusted, t: inEnglish });
}
const running = (changes: Partial<DaemonState>) => of({ kind: "running", daemon: { ...daemon, ...changes } });
const learning = (state: LearningState) => running({ projects: [{ ...project, learning: state }] });

describe("the status bar", () => {
  test.each([
    ["before anything needs the daemon", of({ kind: "idle" }), "$(sparkle) Ouroboros"],
    ["starting", of({ kind: "starting" }), "$(loading~spin) Ouroboros"],
    ["ready, with the adapter's version", running({}), "$(sparkle) Ouroboros v37"],
    [
      "learning, with the step",
      learning({ kind: "learning", correctionId: "1", step: 3, stepsMax: 8, loss: 1, waiting: 0 }),
      "$(sync~spin) Ouroboros 3/8",
    ],
    ["paused", learning({ kind: "paused", waiting: 2 }), "$(debug-pause) Ouroboros v37"],
    ["loading", running({ model: { kind: "loading" } }), "$(loading~spin) Ouroboros"],
    ["given up", of({ kind: "failed", message: "it ended" }), "$(error) Ouroboros"],
    [
      "model failed",
      running({ model: { kind: "failed", code: "x", message: "no such file" } }),
      "$(error) Ouroboros",
    ],
  ])("%s", (_name, status, text) => expect(status.text).toBe(text));

  test("says in one sentence what is wrong, and the way out", () => {
    expect(of({ kind: "failed", message: "the daemon ended" }).tooltip).toEqual([
      "The daemon ended.",
      "The log has more: click here.",
    ]);
  });

  test("warns while something chosen or taught is not in use", () => {
    const status = running({ notices: ["catalog.json is damaged: the embedded one answers"] });
    expect(status).toMatchObject({ text: "$(warning) Ouroboros v37", severity: "warning" });
    expect(status.tooltip.join(" ")).toContain("the embedded one answers");
    expect(running({}).severity).toBe("normal");
  });

  test("tells of corrections that wait while learning is paused", () => {
    expect(learning({ kind: "paused", waiting: 2 }).tooltip.at(-1)).toContain("corrections that wait: 2");
  });

  test("says that an untrusted folder teaches nothing", () => {
    const { tooltip } = of({ kind: "running", daemon }, false);
    expect(tooltip.join(" ")).toContain("nothing is learned");
  });

  test("what a screen reader says has no icons", () => {
    for (const status of [of({ kind: "starting" }), running({}), of({ kind: "failed", message: "x" })])
      expect(status.accessibilityLabel).not.toContain("$(");
  });
});
