/**
 * One window of VS Code, driven as a person drives it: keys and mouse in, what is to be seen out. Every wait is for
 * something on the screen. What is on disk afterwards, a test reads itself.
 */

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type FrameLocator,
  type Locator,
  type Page,
} from "playwright-core";
import { type EditorServer, START_TIMEOUT_MS, startTwice } from "./editorServer.js";
import type { ReadyHost } from "./hostFacts.js";

/** For a single step within an open window; usual are 0.1 s. */
const STEP_TIMEOUT_MS = 60_000;
/** A part of a step that has come to nothing after this long is tried again: on a busy machine a click or focus is lost. */
const ATTEMPT_TIMEOUT_MS = 8_000;
/** A box that has not opened after this long is asked for again. */
const BOX_TIMEOUT_MS = 3_000;
/** A box that closes by itself is gone after this long. */
const CLOSING_MS = 500;
/** A fast typist. Keys without any pause reach the editor as one, and no completion is asked for between them. */
const KEY_DELAY_MS = 30;
/** Console lines kept, to tell why something failed. */
const CONSOLE_LINES_MAX = 200;
/** Between two looks at the screen, where the browser cannot tell us that it changed. */
const LOOK_EVERY_MS = 50;

const shotsFolder = fileURLToPath(new URL("../../.cache/editor-shots", import.meta.url));

/** The window's own pages are on 127.0.0.1; to everything else the browser finds no way. */
const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** One serves a whole test file; every window of it has storage of its own. */
export function startBrowser(host: ReadyHost): Promise<Browser> {
  return startTwice(() =>
    chromium.launch({ executablePath: host.chromium, args: CHROMIUM_ARGS, timeout: START_TIMEOUT_MS }),
  );
}

interface WindowOptions {
  readonly browser: Browser;
  readonly server: EditorServer;
  /** The folder that the window is on. */
  readonly workspace: string;
  /** Id of a status bar item, `publisher.extension.item`; once it is there, the extension is running. */
  readonly readyItem: string;
}

async function openOnce({ browser, server, workspace, readyItem }: WindowOptions): Promise<EditorWindow> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(STEP_TIMEOUT_MS);
  const address = server.addressOf(workspace);
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(address).origin });
  const window = new EditorWindow({ context, page: await context.newPage() });
  try {
    await window.page.goto(address, { timeout: START_TIMEOUT_MS });
    await window.statusItem(readyItem).waitFor({ timeout: START_TIMEOUT_MS });
    return window;
  } catch (error) {
    await window.screenshot("window-did-not-start");
    await window.close();
    throw new Error(`the window did not start; its console:\n${window.consoleOutput()}`, { cause: error });
  }
}

export function openWindow(options: WindowOptions): Promise<EditorWindow> {
  return startTwice(() => openOnce(options));
}

/** Tries until it succeeds, one attempt after the other, so that none goes on behind the back of the next step. */
async function retry<T>(attempt: () => Promise<T>, withinMs = STEP_TIMEOUT_MS): Promise<T> {
  const endsAtMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > endsAtMs) throw error;
      await delay(LOOK_EVERY_MS);
    }
  }
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A notification that is to be seen. */
interface Notice {
  readonly text: string;
  press(button: string): Promise<void>;
}

export class EditorWindow {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #consoleLines: string[] = [];

  constructor({ context, page }: { context: BrowserContext; page: Page }) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      this.#consoleLines.push(`${message.type()}: ${message.text()}`);
      if (this.#consoleLines.length > CONSOLE_LINES_MAX) this.#consoleLines.shift();
    });
  }

  /** What VS Code and the extensions in it wrote to the console, errors of an activation among it. */
  consoleOutput(): string {
    return this.#consoleLines.join("\n");
  }

  /** As closing a tab does: extensions are told and may say goodbye. */
  async close(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
    await this.#context.close();
  }

  /** Into .cache/editor-shots; resolves to the file. */
  async screenshot(name: string): Promise<string> {
    const path = join(shotsFolder, `${name}.png`);
    await this.page.screenshot({ path, animations: "disabled" });
    return path;
  }

  // ---- keys, commands, files

  /** Such as "Control+z". */
  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** Into the text editor, which has the focus first. */
  async type(text: string): Promise<void> {
    await retry(() => this.#focusEditor());
    await this.page.keyboard.type(text, { delay: KEY_DELAY_MS });
  }

  /** By its title in the command palette, category included: "Ouroboros: Correct This". */
  async command(title: string): Promise<void> {
    await retry(() => this.#pick({ key: "F1", text: `>${title}`, label: title }));
  }

  /** Of a list that is open, the entry that is called exactly so. */
  async choose(label: string): Promise<void> {
    const entry = this.#entry(label);
    await entry.waitFor();
    await retry(async () => {
      if (await entry.isVisible()) await this.#click(entry);
      await this.#box.waitFor({ state: "hidden", timeout: ATTEMPT_TIMEOUT_MS });
    });
  }

  /** Resolves to what the box that asks for a text begins with, once it is open. */
  async question(): Promise<string> {
    await this.#box.waitFor();
    return this.#box.inputValue();
  }

  /** Answers the box that asks for a text. */
  async answer(text: string): Promise<void> {
    await this.#box.fill(text);
    await this.#box.press("Enter");
    await this.#box.waitFor({ state: "hidden" });
  }

  /** By its path in the workspace; resolves when the cursor is in it. */
  async openFile(path: string): Promise<void> {
    const name = path.slice(path.lastIndexOf("/") + 1);
    await retry(async () => {
      await this.#pick({ key: "Control+p", text: path, label: name });
      const tab = this.#group.locator(`.tab.active[data-resource-name="${name}"]`);
      await tab.waitFor({ timeout: ATTEMPT_TIMEOUT_MS });
      await this.#focusEditor();
    });
  }

  /** Both count from 1, as in the status bar. */
  async goTo({ line, column }: { line: number; column: number }): Promise<void> {
    const shown = this.page.locator('[id="status.editor.selection"]');
    await retry(async () => {
      await this.#openBox({ key: "Control+g", text: `:${line}:${column}` });
      await this.#box.press("Enter", { timeout: ATTEMPT_TIMEOUT_MS });
      await this.#box.waitFor({ state: "hidden", timeout: ATTEMPT_TIMEOUT_MS });
      const text = `Ln ${line}, Col ${column}`;
      await shown.filter({ hasText: text }).waitFor({ timeout: ATTEMPT_TIMEOUT_MS });
    });
  }

  /** Behind the last character of the file. */
  async goToEnd(): Promise<void> {
    await retry(() => this.#focusEditor());
    await this.press("Control+End");
  }

  /** Resolves when the file is on disk. */
  async save(): Promise<void> {
    await retry(async () => {
      await this.#focusEditor();
      await this.press("Control+s");
      await this.#group.locator(".tab.active:not(.dirty)").waitFor({ timeout: ATTEMPT_TIMEOUT_MS });
    });
  }

  // ---- ghost text

  /** What is offered at this moment, from the cursor on; empty when nothing is. */
  async ghostText(): Promise<string> {
    const texts = (selector: string) =>
      this.#group.locator(selector).filter({ visible: true }).allTextContents();
    // The first line stands among the text, in pieces around what the editor closed by itself; the others below it.
    const first = (await texts(".ghost-text-decoration, .ghost-text-decoration-preview")).join("");
    const others = await texts(".suggest-preview-text .view-line");
    return [first, ...others].join("\n").replaceAll("\u00a0", " ");
  }

  /** Resolves to the whole offer, once one is to be seen that holds `text`. */
  waitForGhostText(text = ""): Promise<string> {
    return retry(async () => {
      const seen = await this.ghostText();
      if (seen !== "" && seen.includes(text)) return seen;
      throw new Error(`no ghost text ${JSON.stringify(text)} to be seen, but ${JSON.stringify(seen)}`);
    });
  }

  waitForNoGhostText(): Promise<void> {
    return retry(async () => {
      const seen = await this.ghostText();
      if (seen !== "") throw new Error(`ghost text is still to be seen: ${JSON.stringify(seen)}`);
    });
  }

  /** Takes the whole offer with Tab. */
  async accept(): Promise<void> {
    await this.waitForGhostText();
    await this.press("Tab");
    await this.waitForNoGhostText();
  }

  // ---- status bar and notifications

  statusItem(id: string): Locator {
    return this.page.locator(`[id="${id}"]`);
  }

  async statusText(id: string): Promise<string> {
    return (await this.statusItem(id).innerText()).trim();
  }

  waitForStatus({ id, text }: { id: string; text: RegExp }): Promise<string> {
    return retry(async () => {
      const seen = await this.statusText(id);
      if (text.test(seen)) return seen;
      throw new Error(`the status bar does not say ${text}, but ${JSON.stringify(seen)}`);
    });
  }

  statusTooltip(id: string): Promise<string> {
    const tooltip = this.page.locator(".workbench-hover");
    const timeout = ATTEMPT_TIMEOUT_MS;
    return retry(async () => {
      await this.page.mouse.move(0, 0);
      await tooltip.waitFor({ state: "hidden", timeout });
      await this.statusItem(id).hover({ timeout });
      const text = await tooltip.locator(".hover-contents").innerText({ timeout });
      await this.page.mouse.move(0, 0);
      await tooltip.waitFor({ state: "hidden", timeout });
      return text.trim();
    });
  }

  /** Those to be seen now, the newest first. */
  notificationTexts(): Promise<readonly string[]> {
    return this.page.locator(".notifications-toasts .notification-list-item-message").allInnerTexts();
  }

  /** Resolves when one that holds `text` is to be seen. */
  async notification(text: string | RegExp): Promise<Notice> {
    const item = this.page.locator(".notifications-toasts .notification-list-item").filter({ hasText: text });
    const message = item.first().locator(".notification-list-item-message");
    return {
      text: await message.innerText(),
      press: (button) => this.#click(item.first().getByRole("button", { name: button, exact: true })),
    };
  }

  // ---- webviews

  /** The inside of the webview of that extension (`publisher.name`) that is to be seen; it may come later. */
  webview(extension: string): FrameLocator {
    const frame = this.page.locator(`iframe.webview.ready[src*="extensionId=${extension}&"]`);
    return frame.filter({ visible: true }).contentFrame().frameLocator("#active-frame");
  }

  // ---- cleaning up

  /** Closes what a step may have left open over the editor: boxes, menus, dialogs. */
  async closeWidgets(): Promise<void> {
    const modal = this.page.locator(".monaco-dialog-box, .context-view .monaco-menu").first();
    await retry(async () => {
      await this.#closeBox();
      if (!(await modal.isVisible())) return;
      await this.press("Escape");
      await modal.waitFor({ state: "hidden", timeout: ATTEMPT_TIMEOUT_MS });
    });
  }

  async clearNotifications(): Promise<void> {
    await this.command("Notifications: Clear All Notifications");
  }

  // ---- within

  get #group(): Locator {
    return this.page.locator(".editor-group-container.active");
  }

  /** The input of the one box that VS Code has: Quick Open, the command palette, a question. */
  get #box(): Locator {
    return this.page.locator(".quick-input-widget .quick-input-box input");
  }

  #entry(label: string): Locator {
    const name = this.page.locator(".label-name", { hasText: new RegExp(`^${escapeRegExp(label)}$`) });
    return this.page.locator(".quick-input-list .monaco-list-row").filter({ has: name }).first();
  }

  /** An earlier box may still be closing by itself; one that stays is sent away. */
  async #closeBox(): Promise<void> {
    const isClosing = this.#box.waitFor({ state: "hidden", timeout: CLOSING_MS });
    await isClosing.catch(() => this.#box.press("Escape", { timeout: ATTEMPT_TIMEOUT_MS }));
    await this.#box.waitFor({ state: "hidden", timeout: ATTEMPT_TIMEOUT_MS });
  }

  /** Opens a box by its key. An editor that is just opening takes the focus, and then the box closes again. */
  async #openBox({ key, text }: { key: string; text: string }): Promise<void> {
    await this.#closeBox();
    await retry(async () => {
      if (!(await this.#box.isVisible())) await this.press(key);
      await this.#box.fill(text, { timeout: BOX_TIMEOUT_MS });
    }, ATTEMPT_TIMEOUT_MS);
  }

  /** Opens a box and takes the entry; done when the box is gone, or is another one that the entry opened. */
  async #pick({ key, text, label }: { key: string; text: string; label: string }): Promise<void> {
    await this.#openBox({ key, text });
    await this.#click(this.#entry(label));
    await retry(async () => {
      const isOpen = (await this.#box.isVisible()) && (await this.#box.inputValue()) === text;
      if (isOpen) throw new Error(`the box with ${JSON.stringify(text)} did not close`);
    }, ATTEMPT_TIMEOUT_MS);
  }

  /** Keys go into the text of the active editor from here on. */
  async #focusEditor(): Promise<void> {
    const focused = this.#group.locator(".monaco-editor.focused").first();
    if (!(await focused.isVisible())) {
      await this.#closeBox();
      await this.press("Control+1");
    }
    await focused.waitFor({ timeout: ATTEMPT_TIMEOUT_MS });
  }

  /** Takes the mouse away afterwards, or whatever it then lies on would show its tooltip. */
  async #click(target: Locator): Promise<void> {
    await target.click({ timeout: ATTEMPT_TIMEOUT_MS });
    await this.page.mouse.move(0, 0);
  }
}
