/** Takes the data home away under a daemon that teaches, in many ways, and looks what became of what was acknowledged. */

import { cpSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { accountOf, teach } from "../support/acknowledged.js";
import { runCli } from "../support/cli.js";
import { startLsp } from "../support/lspClient.js";
import { writeTinyModel } from "../support/tinyModel.js";

export const LOSSES = ["deleted", "moved", "replaced", "journal deleted", "journal replaced"] as const;
/** The daemon writes a few files for a lesson. */
const REMOVAL_TRIES_MAX = 20;
type Loss = (typeof LOSSES)[number];

interface Round {
  readonly loss: Loss;
  /** Acknowledged after the home was gone. */
  readonly acknowledgedAfter: readonly string[];
  /** Acknowledged before, and not in the journal that was moved away. */
  readonly lost: readonly string[];
  /** Acknowledged by the next daemon in the home that took its place, and not in its journal. */
  readonly lostByNext: readonly string[];
  readonly hasEnded: boolean;
}

/** A home with a tiny model, made once. */
export async function makeTemplate(scratch: string): Promise<string> {
  const home = join(scratch, "template");
  mkdirSync(home);
  const model = await writeTinyModel(join(scratch, "model"));
  await runCli({ args: ["model", "use", model], home });
  return join(home, "ouro-home");
}

/** `scratch` is the round's own. Every daemon has ended when it resolves. */
export async function loseHome(options: {
  readonly scratch: string;
  readonly template: string;
  readonly loss: Loss;
}): Promise<Round> {
  const { scratch, template, loss } = options;
  const home = join(scratch, "ouro-home");
  const project = join(scratch, "project");
  mkdirSync(join(project, ".git"), { recursive: true });
  cpSync(template, home, { recursive: true });
  const first = await startLsp({ home: scratch, folder: project });
  const { pid } = await first.state(null);
  const before = [await teach(first, project, 1), await teach(first, project, 2)];
  take({ loss, home, template, away: join(scratch, "away") });
  const after = [
    await teach(first, project, 3).catch(() => ""),
    await teach(first, project, 4).catch(() => ""),
  ];
  const next = await startLsp({ home: scratch, folder: project });
  const byNext = [await teach(next, project, 5)];
  const hasEnded = await ends(pid);
  byNext.push(await teach(next, project, 6));
  next.kill();
  first.kill();
  await runCli({ args: ["stop"], home: scratch });
  const kept = loss.startsWith("journal") ? join(scratch, "away") : join(scratch, "away", "journal");
  const found = (await accountOf(kept)).kept;
  const foundByNext = (await accountOf(join(home, "journal"))).kept;
  return {
    loss,
    acknowledgedAfter: after.filter((id) => id !== ""),
    lost: loss.endsWith("deleted") ? [] : before.filter((id) => !found.has(id)),
    lostByNext: byNext.filter((id) => !foundByNext.has(id)),
    hasEnded,
  };
}

function take(of: {
  readonly loss: Loss;
  readonly home: string;
  readonly template: string;
  readonly away: string;
}) {
  const { loss, home, template, away } = of;
  switch (loss) {
    case "deleted":
      removeInUse(home);
      return;
    case "moved":
      renameSync(home, away);
      return;
    case "replaced":
      renameSync(home, away);
      cpSync(template, home, { recursive: true });
      return;
    case "journal deleted":
      rmSync(join(home, "journal"), { recursive: true });
      return;
    case "journal replaced":
      renameSync(join(home, "journal"), away);
      cpSync(away, join(home, "journal"), { recursive: true });
      return;
  }
}

/**
 * As a person would who is told to: what is in use is deleted as well. The daemon may write a file into a folder that
 * was just emptied, and rmSync's own retries do not delete that.
 */
function removeInUse(path: string): void {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if (tries === REMOVAL_TRIES_MAX) throw error;
    }
  }
}

/** It finds out within five seconds and ends what it is about. */
async function ends(pid: number): Promise<boolean> {
  for (let waited = 0; waited < 30_000; waited += 100) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
