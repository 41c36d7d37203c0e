/** From the lineage, the applied corrections, to adapter files and back: what is there, what loads, what may go. */

import type { Adapter, Model } from "../engine/engine.js";
import type { Applied } from "../journal/records.js";
import {
  checkAdapter,
  isStored,
  listVersions,
  pruneAdapters,
  readManifest,
  versionsToKeep,
} from "../store/adapters.js";
import { folderOf, type LearningContext, type LoadedAdapter } from "./context.js";
import type { History } from "./history.js";
import { lineageWithout } from "./lineage.js";

/** The version before the applied correction at `index`; after the last one, the current version. */
function versionBefore(history: History, index: number): number {
  return history.lineage[index]?.from ?? history.version;
}

export interface Usable extends LoadedAdapter {
  /** How many corrections of the lineage it holds. */
  readonly index: number;
}

/** The newest adapter at or before `index` of the lineage that really loads; in the end the base, which always does. */
export async function newestUsable(options: {
  readonly model: Model;
  readonly folder: string;
  readonly history: History;
  readonly index: number;
}): Promise<Usable> {
  const { model, folder, history } = options;
  for (const { version, sha256, index } of storedBefore(history, options.index)) {
    if (version === 0) return { version, index };
    const adapter = (await loadStored({ model, folder, version, sha256 }))?.adapter;
    if (adapter) return { version, index, adapter };
  }
  return { version: 0, index: 0 };
}

/** A version as training left it after exactly the corrections that `ids` names, if its files are still there. */
export async function findStored(
  context: LearningContext,
  { to: version, sha256 }: Applied,
  ids: readonly string[],
): Promise<LoadedAdapter | undefined> {
  const { model } = context;
  const folder = folderOf(context);
  const stored = await loadStored({ model, folder, version, sha256: sha256 ?? undefined });
  const isSame =
    stored?.corrections.length === ids.length && ids.every((id, at) => id === stored.corrections[at]);
  return stored && isSame ? { version, adapter: stored.adapter } : undefined;
}

/** A file that is what it was when written but does not load any more is as good as lost. */
async function loadStored(stored: {
  readonly model: Model;
  readonly folder: string;
  readonly version: number;
  readonly sha256: string | undefined;
}): Promise<{ readonly adapter: Adapter; readonly corrections: readonly string[] } | undefined> {
  const { model, folder, version, sha256 } = stored;
  const checked = await checkAdapter({ folder, version, ...(sha256 && { expectedSha256: sha256 }) });
  if (checked.kind !== "valid") return undefined;
  const adapter = await model.loadAdapter({ path: checked.path }).catch(() => undefined);
  return adapter && { adapter, corrections: checked.manifest.corrections };
}

/** The newest version of the lineage whose files are there, without a model to load them with. */
export async function newestStored(folder: string, history: History): Promise<Usable> {
  for (const { version, sha256, index } of storedBefore(history, history.lineage.length)) {
    const expected = sha256 ? { expectedSha256: sha256 } : {};
    if (version === 0 || (await isStored({ folder, version, ...expected }))) return { version, index };
  }
  return { version: 0, index: 0 };
}

/** The versions at or before `end` of the lineage, newest first. */
function* storedBefore(history: History, end: number) {
  for (let index = end; index > 0; index--) {
    const version = versionBefore(history, index);
    yield { version, index, sha256: digestOf(history.lineage, version) };
  }
}

/** Higher than every version that any record or file has. */
export async function nextVersion(context: LearningContext): Promise<number> {
  const stored = await listVersions(folderOf(context));
  return Math.max(context.history.versionMax, ...stored.slice(-1)) + 1;
}

/**
 * Versions under this vocabulary that hold corrections which the journal does not have: it was emptied, replaced or
 * damaged. A version that a crash left behind holds none such.
 */
export async function unexplainedVersions(folder: string, history: History): Promise<readonly number[]> {
  const unexplained: number[] = [];
  for (const version of await listVersions(folder)) {
    const manifest = await readManifest(folder, version);
    if (manifest?.vocabulary !== history.scope.vocabulary) continue;
    if (manifest.corrections.some((id) => !history.corrections.has(id))) unexplained.push(version);
  }
  return unexplained;
}

/**
 * Deletes files that neither the current lineage, nor undoing its newest correction or a reset after which nothing was
 * learned, nor another vocabulary's needs, and what crashes left behind; what the journal does not explain stays, for who
 * puts the journal back. Throws `home-replaced`.
 */
export async function pruneSpare(context: LearningContext): Promise<void> {
  await context.journal.mustBeOurs();
  const { history, unexplained } = context;
  const { lineage } = history.lineage.length > 0 ? history : (history.resets.at(-1) ?? history);
  const line = [...new Set(lineage.map((applied) => applied.to))];
  const newest = history.lineage.at(-1);
  const before = newest ? lineageWithout(history, newest.correctionId).slice(-1) : [];
  const keep = [
    ...versionsToKeep(line),
    ...before.map(({ to }) => to),
    ...history.foreignVersions,
    ...unexplained,
  ];
  await pruneAdapters(folderOf(context), new Set(keep));
}

function digestOf(lineage: readonly Applied[], version: number): string | undefined {
  return lineage.find((applied) => applied.to === version)?.sha256 ?? undefined;
}
