/** Programs beside the windows, over HTTP: one that completes, one that teaches and one that looks. */

import { setTimeout as delay } from "node:timers/promises";
import { type Random, seededRandom } from "../../../daemon/src/base/random.js";
import type { TeachEvent } from "../../../daemon/src/protocol/routes.js";
import type { Ledger } from "./ledger.js";
import { drawLesson, drawn } from "./lessons.js";
import type { SoakDaemon } from "./soakDaemon.js";

const PAUSE_MS = { complete: 1_000, teach: 40_000, status: 5_000 } as const;

interface OtherClients {
  readonly daemon: SoakDaemon;
  readonly ledger: Ledger;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Resolves when all have ended, which they do once `signal` is aborted. */
export async function runOtherClients(options: OtherClients): Promise<void> {
  const { daemon, ledger, seed } = options;
  const never = new AbortController().signal;
  const place = (random: Random) => ({ folder: drawn(daemon.folders, random), path: "src/program.ts" });
  await Promise.all([
    repeat(options, "complete", seededRandom(seed, 101), (random) =>
      daemon.http().complete({ ...place(random), prefix: drawLesson(random).before }, never),
    ),
    repeat(options, "teach", seededRandom(seed, 102), (random) => {
      const { before, wanted } = drawLesson(random);
      const { folder, path } = place(random);
      const onEvent = (event: TeachEvent) => {
        if (event.kind === "kept") ledger.acknowledge(folder, event.correctionId, wanted);
      };
      return daemon.http().teach({ folder, path, prefix: before, wanted }, { signal: never, onEvent });
    }),
    repeat(options, "status", seededRandom(seed, 103), (random) => {
      const { folder } = place(random);
      return daemon.http().status({ folder });
    }),
  ]);
}

async function repeat(
  { daemon, ledger, signal }: OtherClients,
  what: keyof typeof PAUSE_MS,
  random: Random,
  ask: (random: Random) => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    const { pid } = daemon;
    const asked = { kind: `http ${what}`, who: "a program", isExcused: () => daemon.hasEnded(pid) } as const;
    await ledger.ask(asked, () => ask(random));
    await delay(PAUSE_MS[what] * (0.5 + random.next()), undefined, { signal }).catch(() => undefined);
  }
}
