/** A daemon of its own in a scratch data home, for measuring: nobody's daemon is disturbed, and no trace stays. */

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectLsp } from "../../../transport/daemon/connect.js";
import { stopDaemon } from "../../../transport/daemon/stopDaemon.js";
import type { Cli } from "../../cli.js";
import { preparedAccessOf } from "../../daemon/daemonAccess.js";
import { openScriptedEditor, type ScriptedEditor } from "./scriptedEditor.js";

interface ScratchDaemon {
  /** From no process to the first completion. */
  readonly firstCompletionMs: number;
  /** A new connection, as another window, in a project of that name. */
  editorIn(project: string): Promise<{ readonly editor: ScriptedEditor; readonly folder: string }>;
  /** Memory of the daemon's process, where the system tells. */
  residentBytes(): Promise<number | undefined>;
}

export async function withScratchDaemon<Result>(
  cli: Cli,
  use: (daemon: ScratchDaemon) => Promise<Result>,
): Promise<Result> {
  const scratch = await mkdtemp(join(tmpdir(), "ouro-bench-"));
  const access = await preparedAccessOf(cli, { home: join(scratch, "home") });
  const editors: ScriptedEditor[] = [];
  let pid = 0;
  const editorIn = async (project: string) => {
    const folder = join(scratch, project);
    await mkdir(join(folder, ".git"), { recursive: true });
    const connection = await connectLsp(access);
    pid = connection.pid;
    const editor = await openScriptedEditor(connection.stream, folder);
    editors.push(editor);
    return { editor, folder };
  };
  try {
    const startedMs = performance.now();
    const { editor, folder } = await editorIn("start");
    const document = await editor.open(join(folder, "first.ts"), "const port = Number(process.");
    await document.keystroke({ line: 0, character: 28 }, "e");
    const firstCompletionMs = performance.now() - startedMs;
    return await use({ firstCompletionMs, editorIn, residentBytes: () => residentBytesOf(pid) });
  } finally {
    for (const editor of editors) editor.close();
    await stopDaemon({ ...access, signal: new AbortController().signal });
    await rm(scratch, { recursive: true, force: true });
  }
}

async function residentBytesOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  return found ? Number(found[1]) * 1024 : undefined;
}
