/**
 * The means of the editor tests, tried on an extension that does one of each thing (probe/). What fails here would
 * otherwise look like a fault of Ouroboros.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { aroundEachTest } from "./eachTest.js";
import { type EditorServer, START_HOOK_TIMEOUT_MS, startServer } from "./editorServer.js";
import { THEMES } from "./editorSettings.js";
import { type EditorWindow, openWindow, startBrowser } from "./editorWindow.js";
import { findHost } from "./hostFacts.js";

const EXTENSION = "ouroboros.editor-probe";
const STATUS = `${EXTENSION}.status`;

const host = findHost();
const scratch = mkdtempSync(join(tmpdir(), "ouro-editor-test-"));
const vsix = join(scratch, "probe.vsix");
const workspace = join(scratch, "workspace");

let browser: Browser;
let server: EditorServer;
let window: EditorWindow;

const onDisk = (path: string) => readFileSync(join(workspace, path), "utf8");
const tells = (text: RegExp) => window.waitForStatus({ id: STATUS, text });

function packProbe() {
  const vsce = createRequire(import.meta.url).resolve("@vscode/vsce/vsce");
  const args = [
    "package",
    "--no-dependencies",
    "--skip-license",
    "--allow-missing-repository",
    "--out",
    vsix,
  ];
  execFileSync(process.execPath, [vsce, ...args], {
    cwd: fileURLToPath(new URL("probe", import.meta.url)),
    stdio: "pipe",
  });
}

aroundEachTest({ host, windowOf: () => window });

beforeAll(async () => {
  if (host.kind === "missing") return;
  packProbe();
  mkdirSync(join(workspace, "src"), { recursive: true });
  for (const name of ["one.ts", "src/two.ts", "three.ts"]) writeFileSync(join(workspace, name), "");
  browser = await startBrowser(host);
  server = await startServer({
    host,
    extensions: [vsix],
    settings: { "probe.word": "set" },
    environment: { PROBE_PLACE: "the test" },
  });
  window = await openWindow({ browser, server, workspace, readyItem: STATUS });
}, START_HOOK_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe("ghost text", () => {
  test("of one line is read, taken, and on disk", async () => {
    await window.openFile("one.ts");
    await window.type("const fruit = ");
    expect(await window.waitForGhostText("apple")).toBe('"apple";');
    await window.screenshot("host-1-ghost-text");
    await window.accept();
    await tells(/accepted/);
    await window.save();
    expect(onDisk("one.ts")).toBe('const fruit = "apple";');
  });

  test("of several lines is read whole", async () => {
    await window.openFile("src/two.ts");
    await window.type("if (isHungry) {");
    expect(await window.waitForGhostText("rest")).toBe("\n  eat();\n  rest();\n}");
    await window.screenshot("host-2-ghost-text-of-several-lines");
    await window.accept();
    await window.save();
    expect(onDisk("src/two.ts")).toBe("if (isHungry) {\n  eat();\n  rest();\n}");
  });

  test("around a bracket that the editor closed is read, dismissed, asked for again and taken", async () => {
    await window.openFile("three.ts");
    await window.type("wash(");
    expect(await window.waitForGhostText("pear")).toBe("apple, pear");
    await window.press("Escape");
    await window.waitForNoGhostText();
    expect(await window.ghostText()).toBe("");
    await window.command("Trigger Inline Suggestion");
    await window.accept();
    await window.save();
    expect(onDisk("three.ts")).toBe("wash(apple, pear)");
  });

  test("goes away when something else is typed", async () => {
    await window.goToEnd();
    await window.press("Enter");
    await window.type("const fruit = ");
    await window.waitForGhostText("apple");
    await window.type("7");
    await window.waitForNoGhostText();
    expect(await window.ghostText()).toBe("");
  });
});

describe("commands and what they show", () => {
  test("a notification is read and its button pressed", async () => {
    await window.command("Probe: Notify Again");
    await window.command("Probe: Notify");
    const notice = await window.notification(/Learned in/);
    expect(notice.text).toBe("Learned in 2.1 s");
    expect(await window.notificationTexts()).toContain("Learned once more");
    await window.screenshot("host-3-notifications");
    await notice.press("Undo");
    await tells(/pressed Undo/);
    await (await window.notification("once more")).press("Keep");
    await tells(/pressed Keep/);
  });

  test("a question is answered", async () => {
    await window.command("Probe: Ask");
    expect(await window.question()).toBe("");
    await window.answer("pear");
    expect(await tells(/asked pear/)).toBe("Probe: asked pear");
  });

  test("the entry that is called exactly so is chosen", async () => {
    await window.command("Probe: Choose");
    await window.choose("word");
    expect(await tells(/chose word/)).toBe("Probe: chose word");
  });

  test("proposed API is refused, as in the VS Code that people have", async () => {
    await window.command("Probe: Use Proposed API");
    expect(await tells(/proposed API/)).toBe("Probe: proposed API refused");
  });
});

describe("status bar and settings", () => {
  test("a changed setting reaches an open window", async () => {
    server.changeSettings({ "probe.word": "changed" });
    expect(await tells(/changed/)).toBe("Probe: changed");
    server.changeSettings(THEMES.light);
    await window.page.locator(".monaco-workbench.vs").waitFor();
    await window.screenshot("host-5-changed-theme");
    server.changeSettings(THEMES.dark);
    await window.page.locator(".monaco-workbench.vs-dark").waitFor();
  });

  test("the tooltip tells what the environment gave, and nothing of ours is inherited", async () => {
    expect(await window.statusTooltip(STATUS)).toBe("In the test");
  });
});

describe("webview", () => {
  test("is read, filled in, and answers", async () => {
    await window.command("Probe: Focus on Probe View View");
    const view = window.webview(EXTENSION);
    await view.getByLabel("word").fill("pear");
    await view.getByRole("button", { name: "Send" }).click();
    await view.getByText("got pear").waitFor();
    expect(await tells(/view sent/)).toBe("Probe: view sent pear");
    await window.screenshot("host-4-webview");
  });
});

describe("several windows", () => {
  test(
    "have extension hosts of their own; two servers have nothing in common",
    async () => {
      if (host.kind === "missing") return;
      const other = await startServer({ host, extensions: [vsix], theme: "light" });
      try {
        const [beside, elsewhere] = await Promise.all([
          openWindow({ browser, server, workspace, readyItem: STATUS }),
          openWindow({ browser, server: other, workspace, readyItem: STATUS }),
        ]);
        expect(await beside.statusTooltip(STATUS)).toBe("In the test");
        expect(await elsewhere.statusTooltip(STATUS)).toBe("In no place");
        expect(await elsewhere.statusText(STATUS)).toBe("Probe: plain");
        await elsewhere.screenshot("host-6-light");

        const extensionHosts = () => server.processIds(/--type=extensionHost/);
        expect(extensionHosts()).toHaveLength(2);
        await beside.close();
        await vi.waitFor(() => expect(extensionHosts()).toHaveLength(1), { timeout: 30_000 });
        await window.command("Probe: Use Proposed API");
        await tells(/refused/);
      } finally {
        await other.stop();
      }
      expect(other.processIds(/./)).toEqual([]);
      expect(existsSync(other.dataFolder)).toBe(false);
    },
    START_HOOK_TIMEOUT_MS,
  );
});
