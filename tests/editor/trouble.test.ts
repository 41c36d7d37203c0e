/** What is wrong is said once, in one sentence where one looks for it, with the way out; and nothing pops up. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EditorServer, START_HOOK_TIMEOUT_MS, startServer } from "./host.js";
import { findHost, skipWithoutHost } from "./hostFacts.js";
import { type EditorWindow, keepFailures, openWindow, startBrowser } from "./page.js";
import { openWorkshop, STATUS_ITEM, type Workshop } from "./workshop.js";

const host = findHost();
let workshop: Workshop;
let browser: Browser;
let server: EditorServer;
let window: EditorWindow;

skipWithoutHost(host);
keepFailures(() => window);

const writeSettings = (settings: object) => {
  mkdirSync(workshop.home, { recursive: true, mode: 0o700 });
  writeFileSync(join(workshop.home, "settings.json"), JSON.stringify(settings));
};

beforeAll(async () => {
  if (host.kind === "missing") return;
  workshop = openWorkshop();
  writeSettings({ "ouroboros.completion.tokenMax": 3 });
  const workspace = workshop.project("shop", { "src/a.ts": "const port = Number(process.\n" });
  browser = await startBrowser(host);
  server = await startServer({
    host,
    extensions: [workshop.vsix],
    environment: { OURO_HOME: workshop.home },
  });
  window = await openWindow({ browser, server, workspace, readyItem: STATUS_ITEM });
}, START_HOOK_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  workshop?.close();
});

test("a setting that does not exist: the tooltip names it and the right one; mended, a restart is enough", async () => {
  await window.openFile("src/a.ts");
  await window.goToEnd();
  await window.type("const half = 1;");
  await expect
    .poll(async () => (await window.statusTooltip(STATUS_ITEM)).replaceAll("\u00a0", " "), {
      timeout: 60_000,
      interval: 500,
    })
    .toContain('did you mean "ouroboros.completion.tokensMax"?');
  expect(await window.notificationTexts()).toEqual([]);
  await window.screenshot("trouble-1-wrong-setting");

  writeSettings({ "ouroboros.completion.tokensMax": 30 });
  await window.command("Ouroboros: Restart");
  await window.waitForStatus({ id: STATUS_ITEM, text: /v0/ });
}, 120_000);
