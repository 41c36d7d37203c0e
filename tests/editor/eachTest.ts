/**
 * What is around each editor test: it is skipped without a host, must assert something, and, when it fails, leaves a
 * picture of the window and what its console said, and the window as the next test expects it.
 */

import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { EditorWindow } from "./editorWindow.js";
import type { Host } from "./hostFacts.js";

/**
 * Above the sum of what a test's steps may take: a step that fails says so itself. A test that is given up in the midst
 * of a step would go on pressing keys into the next one.
 */
const TEST_TIMEOUT_MS = 600_000;

export function aroundEachTest(around: {
  readonly host: Host;
  /** Undefined: none could be opened. */
  readonly windowOf: () => EditorWindow | undefined;
}): void {
  const { host, windowOf } = around;
  vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

  beforeEach(({ skip }) => {
    // It names what enables the tests; `npm test -- --strict` fails then.
    if (host.kind === "missing") skip(host.reason);
    expect.hasAssertions();
  });

  afterEach(async ({ task }) => {
    const window = windowOf();
    if (!window) return;
    const hasFailed = task.result?.state === "fail";
    if (hasFailed) {
      const path = await window.screenshot(`failed-${task.name.replaceAll(/\W+/g, "-")}`);
      writeFileSync(path.replace(/png$/, "txt"), window.consoleOutput());
    }
    await window.closeWidgets();
    if (hasFailed) await window.clearNotifications();
  });
}
