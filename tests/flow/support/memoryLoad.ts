/**
 * What many windows do to one daemon, and what its process holds before, meanwhile and afterwards. The load is a person's
 * day in a minute: documents are typed in and asked about, conversations are held, and every project is taught.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "vitest";
import { sampleCode, sampleLesson } from "../../../daemon/src/cli/lab/bench/sampleCode.js";
import { type LspClient, startLsp } from "./lspClient.js";

interface Load {
  readonly windows: number;
  readonly projects: number;
  readonly documentsPerWindow: number;
  readonly lessonsPerProject: number;
}

/** Resident bytes of a process. */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1]) * 1024;
}

/** One window that has asked once, as the least that somebody works with: the model is loaded. */
export async function openWindow(home: string, project: string): Promise<LspClient> {
  const folder = join(home, project);
  mkdirSync(join(folder, ".git"), { recursive: true });
  const window = await startLsp({ home, folder });
  const document = window.open(join(folder, "first.ts"), "const port = Number(process.");
  await document.append("e");
  await document.complete();
  return window;
}

/** Puts the load on and takes all of it away again. `onLoaded` is called while all windows are still open. */
export async function loadAndClose(home: string, load: Load, onLoaded: () => void): Promise<void> {
  const windows: LspClient[] = [];
  for (let at = 0; at < load.windows; at++) windows.push(await openWindow(home, projectAt(at, load)));
  await Promise.all(windows.map((window, at) => work(window, { home, at, load })));
  onLoaded();
  await Promise.all(windows.map((window) => window.close()));
}

function projectAt(at: number, { projects }: Load): string {
  return `project${at % projects}`;
}

async function work(window: LspClient, place: { home: string; at: number; load: Load }): Promise<void> {
  const { home, at, load } = place;
  const folder = join(home, projectAt(at, load));
  for (let number = 0; number < load.documentsPerWindow; number++) {
    const document = window.open(join(folder, `window${at}-${number}.ts`), `${sampleCode(200)}\n`);
    for (const typed of ["async function f", "ind(id: string) {\n", "  const found = aw"]) {
      await document.append(typed);
      await document.complete();
    }
  }
  const turns = [{ role: "user" as const, text: `what does window ${at} show?` }];
  await window.chat({ chatId: `chat-${at}`, folder: pathToFileURL(folder).href, turns });
  // One window of each project teaches.
  if (at < load.projects) await teach(window, place, folder);
}

async function teach(window: LspClient, { at, load }: { at: number; load: Load }, folder: string) {
  const lines = sampleCode(11 * load.lessonsPerProject).split("\n");
  const numbers = Array.from({ length: load.lessonsPerProject }, (_, number) => number);
  for (const number of numbers) lines[11 * number + 3] = `    ${sampleLesson(at * 10 + number)}`;
  const { uri } = window.open(join(folder, "lessons.ts"), lines.join("\n"));
  for (const number of numbers) {
    const line = 11 * number + 3;
    const range = { start: { line, character: 0 }, end: { line: line + 1, character: 0 } };
    const { correctionId } = await window.correct({ kind: "selection", textDocument: { uri }, range });
    const { outcome } = await window.learned(correctionId);
    expect(outcome.kind).not.toBe("failed");
  }
}
