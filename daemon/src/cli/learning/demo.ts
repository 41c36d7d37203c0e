/**
 * The demo's story, apart from the command that tells it: complete, be corrected, learn, complete again, undo. Works on
 * the running daemon, in a project of its own; whether each step came out as promised is checked, not assumed. What it
 * taught is taken back in any case; the journal alone remembers.
 */

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../../base/makeFolder.js";
import { pathWithin } from "../../base/pathWithin.js";
import type { DidLearn, UndoResult } from "../../protocol/corrections.js";
import type { TeachEvent } from "../../protocol/routes.js";
import type { DaemonState } from "../../protocol/state.js";
import { connectHttp } from "../../transport/daemon/connect.js";
import type { DaemonAccess } from "../../transport/daemon/ensureDaemon.js";
import type { HttpClient } from "../../transport/http/httpClient.js";

export interface DemoPlace {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
}

export type DemoStep = Extract<TeachEvent, { kind: "step" }>;

export interface DemoSession {
  readonly state: DaemonState;
  /** Empty where the model has nothing to say. */
  complete(place: DemoPlace): Promise<string>;
  teach(
    lesson: { readonly place: DemoPlace; readonly rejected: string; readonly wanted: string },
    onStep: (step: DemoStep) => void,
  ): Promise<DidLearn>;
  undo(): Promise<UndoResult>;
  /** What was written in the data home since the session began, relative to it, with sizes in bytes. */
  written(): Promise<readonly WrittenFile[]>;
}

interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
}

/** Reaches the daemon, or starts it, and runs `tell` in the demo's project. */
export async function withDemoSession<Result>(options: {
  readonly access: DaemonAccess;
  readonly signal: AbortSignal;
  readonly show: (session: DemoSession) => Promise<Result>;
}): Promise<Result> {
  const { access, signal, show } = options;
  const home = access.home.root;
  const folder = join(home, "demo");
  const client = await connectHttp(access);
  await makeFolder(folder);
  try {
    await takeBackAll(client, folder);
    const state = await client.status({ folder });
    return await show(sessionOf({ client, folder, home, state, before: await filesUnder(home), signal }));
  } finally {
    await takeBackAll(client, folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Also what an earlier demo left that was killed. */
async function takeBackAll(client: HttpClient, folder: string): Promise<void> {
  const { corrections } = await client.learned({ folder });
  for (const { correctionId, status } of corrections.toReversed()) {
    if (status === "undone") continue;
    await client.undo({ folder, correctionId }, new AbortController().signal);
  }
}

function sessionOf(parts: {
  readonly client: HttpClient;
  readonly folder: string;
  readonly home: string;
  readonly state: DaemonState;
  readonly before: readonly WrittenFile[];
  readonly signal: AbortSignal;
}): DemoSession {
  const { client, folder, home, state, signal } = parts;
  return {
    state,
    async complete(place) {
      const answer = await client.complete({ folder, ...place }, signal);
      return answer.kind === "proposed" ? answer.text : "";
    },
    async teach({ place, rejected, wanted }, onStep) {
      let learned: DidLearn | undefined;
      const onEvent = (event: TeachEvent) => {
        if (event.kind === "step") onStep(event);
        if (event.kind === "learned") learned = event.learned;
      };
      await client.teach({ folder, ...place, rejected, wanted }, { signal, onEvent });
      if (!learned) throw new TypeError("the daemon ended a lesson without a result");
      return learned;
    },
    undo: () => client.undo({ folder }, signal),
    async written() {
      const known = new Map(parts.before.map(({ path, bytes }) => [path, bytes]));
      return (await filesUnder(home)).filter(({ path, bytes }) => known.get(path) !== bytes);
    },
  };
}

async function filesUnder(folder: string): Promise<readonly WrittenFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(
    // A file that the daemon replaces at this moment is counted when it is back.
    files.sort().map(async (file) => ({ file, bytes: (await stat(file).catch(() => undefined))?.size ?? 0 })),
  );
  return sizes.map(({ file, bytes }) => ({ path: pathWithin(folder, file), bytes }));
}
