/** What is wrong is said once, in one sentence where one looks for it, with the way out; and nothing pops up. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aroundEachTest } from "./eachTest.js";
import { type EditorServer, START_HOOK_TIMEOUT_MS, startServer } from "./editorServer.js";
import { type EditorWindow, openWindow, startBrowser } from "./editorWindow.js";
import { type Fixture, openFixture, STATUS_ITEM } from "./fixture.js";
import { findHost } from "./hostFacts.js";

const host = findHost();
let fixture: Fixture;
let browser: Browser;
let server: EditorServer;
let window: EditorWindow;

aroundEachTest({ host, windowOf: () => window });

const writeSettings = (settings: object) => {
  mkdirSync(fixture.home, { recursive: true, mode: 0o700 });
  writeFileSync(join(fixture.home, "settings.json"), JSON.stringify(settings));
};

beforeAll(async () => {
  if (host.kind === "missing") return;
  fixture = openFixture();
  writeSettings({ "ouroboros.completion.tokenMax": 3 });
  const workspace = fixture.project("shop", { "src/a.ts": "const port = Number(process.\n" });
  browser = await startBrowser(host);
  server = await startServer({
    host,
    extensions: [fixture.vsix],
    environment: { OURO_HOME: fixture.home },
  });
  window = await openWindow({ browser, server, workspace, readyItem: STATUS_ITEM });
}, START_HOOK_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  fixture?.close();
});

test("a setting that does not exist: the tooltip names it and the right one; mended, a restart is enough", async () => {
  await window.openFile("src/a.ts");
  await window.goToEnd();
  await window.type("const half = 1;");
  await expect
    .poll(async () => (await window.statusTooltip(STATUS_ITEM)).replaceAll("\u00a0", " "), {
      timeout: 120_000,
      interval: 500,
    })
    .toContain('did you mean "ouroboros.completion.tokensMax"?');
  expect(await window.notificationTexts()).toEqual([]);
  await window.screenshot("trouble-1-wrong-setting");

  writeSettings({ "ouroboros.completion.tokensMax": 30 });
  await window.command("Ouroboros: Restart");
  await window.waitForStatus({ id: STATUS_ITEM, text: /v0/ });
});
