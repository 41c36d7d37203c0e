/**
 * One window of VS Code, driven as a person drives it: keys and mouse in, what is to be seen out. Every wait is for
 * something on the screen. What is on disk afterwards, a test reads itself.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type FrameLocator,
  type Locator,
  type Page,
} from "playwright-core";
import { afterEach, vi } from "vitest";
import { type EditorServer, START_TIMEOUT_MS, startTwice } from "./host.js";
import type { ReadyHost } from "./hostFacts.js";

/** For a single step within an open window; usual are 0.1 s. */
const STEP_TIMEOUT_MS = 30_000;
/** A box that has not opened after this long is asked for again. */
const BOX_TIMEOUT_MS = 3_000;
/** A fast typist. Keys without any pause reach the editor as one, and no completion is asked for between them. */
const KEY_DELAY_MS = 30;
/** Console lines kept, to tell why something failed. */
const SAID_MAX = 200;
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
    throw new Error(`the window did not start; it said:\n${window.said()}`, { cause: error });
  }
}

export function openWindow(options: WindowOptions): Promise<EditorWindow> {
  return startTwice(() => openOnce(options));
}

/** Keeps what the window looked like and said, for each test of this file that fails. */
export function keepFailures(windowOf: () => EditorWindow | undefined): void {
  afterEach(async ({ task }) => {
    const window = windowOf();
    if (task.result?.state !== "fail" || !window) return;
    const path = await window.screenshot(`failed-${task.name.replaceAll(/\W+/g, "-")}`);
    writeFileSync(path.replace(/png$/, "txt"), window.said());
  });
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
  readonly #said: string[] = [];

  constructor({ context, page }: { context: BrowserContext; page: Page }) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      this.#said.push(`${message.type()}: ${message.text()}`);
      if (this.#said.length > SAID_MAX) this.#said.shift();
    });
  }

  /** What VS Code and the extensions in it wrote to the console, errors of an activation among it. */
  said(): string {
    return this.#said.join("\n");
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

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text, { delay: KEY_DELAY_MS });
  }

  /** By its title in the command palette, category included: "Ouroboros: Correct This". */
  async command(title: string): Promise<void> {
    await this.#enterAfter({ key: "F1", text: `>${title}` });
    await this.choose(title);
  }

  /** Of a list that is open, the entry that is called exactly so. */
  async choose(label: string): Promise<void> {
    const name = this.page.locator(".label-name", { hasText: new RegExp(`^${escapeRegExp(label)}$`) });
    await this.#click(this.page.locator(".quick-input-list .monaco-list-row").filter({ has: name }).first());
  }

  /** Answers the box that asks for a text. */
  async answer(text: string): Promise<void> {
    await this.#enter(text);
    await this.press("Enter");
    await this.#quickInput.waitFor({ state: "hidden" });
  }

  /** By its path in the workspace; resolves when the cursor is in it. */
  async openFile(path: string): Promise<void> {
    const name = path.slice(path.lastIndexOf("/") + 1);
    await this.#enterAfter({ key: "Control+p", text: path });
    await this.choose(name);
    await this.#group.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.#group.locator(".monaco-editor.focused").waitFor();
  }

  /** Both count from 1, as in the status bar. */
  async goTo({ line, column }: { line: number; column: number }): Promise<void> {
    await this.#enterAfter({ key: "Control+g", text: `:${line}:${column}` });
    await this.press("Enter");
    const shown = this.page.locator('[id="status.editor.selection"]');
    await shown.filter({ hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  /** Behind the last character of the file. */
  async goToEnd(): Promise<void> {
    await this.press("Control+End");
  }

  /** Resolves when the file is on disk. */
  async save(): Promise<void> {
    await this.press("Control+s");
    await this.#group.locator(".tab.active:not(.dirty)").waitFor();
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
    return this.#look(async () => {
      const seen = await this.ghostText();
      if (seen !== "" && seen.includes(text)) return seen;
      throw new Error(`no ghost text ${JSON.stringify(text)} to be seen, but ${JSON.stringify(seen)}`);
    });
  }

  waitForNoGhostText(): Promise<void> {
    return this.#look(async () => {
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
    return this.#look(async () => {
      const seen = await this.statusText(id);
      if (text.test(seen)) return seen;
      throw new Error(`the status bar does not say ${text}, but ${JSON.stringify(seen)}`);
    });
  }

  async statusTooltip(id: string): Promise<string> {
    const tooltip = this.page.locator(".workbench-hover");
    await tooltip.waitFor({ state: "hidden" });
    await this.statusItem(id).hover();
    const text = await tooltip.locator(".hover-contents").innerText();
    await this.page.mouse.move(0, 0);
    await tooltip.waitFor({ state: "hidden" });
    return text.trim();
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

  // ---- within

  get #group(): Locator {
    return this.page.locator(".editor-group-container.active");
  }

  get #quickInput(): Locator {
    return this.page.locator(".quick-input-widget");
  }

  async #enter(text: string): Promise<void> {
    await this.#quickInput.locator(".quick-input-box input").fill(text);
  }

  /** Opens a box by its key. An editor that is just opening takes the focus, and then the box closes again. */
  async #enterAfter({ key, text }: { key: string; text: string }): Promise<void> {
    const box = this.#quickInput.locator(".quick-input-box input");
    // An earlier one may still be closing.
    await box.waitFor({ state: "hidden" });
    await this.#look(async () => {
      if (!(await box.isVisible())) await this.press(key);
      await box.fill(text, { timeout: BOX_TIMEOUT_MS });
    });
  }

  /** Takes the mouse away afterwards, or whatever it then lies on would show its tooltip. */
  async #click(target: Locator): Promise<void> {
    await target.click();
    await this.page.mouse.move(0, 0);
  }

  #look<T>(look: () => Promise<T>): Promise<T> {
    return vi.waitFor(look, { timeout: STEP_TIMEOUT_MS, interval: LOOK_EVERY_MS });
  }
}
