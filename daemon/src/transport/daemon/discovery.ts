/**
 * The note that a daemon leaves about itself, for people and diagnostics. Disposable: who runs is known by the
 * lock, who answers by the token; where it is answered a client takes from here (`runtimeFolder.ts`).
 */

import { unlink } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomic } from "../../base/atomicFile.js";
import { readRegularText } from "../../base/regularFile.js";

const discoverySchema = z.strictObject({
  pid: z.int().positive(),
  startedAt: z.string(),
  version: z.string(),
  protocol: z.strictObject({ min: z.int().positive(), max: z.int().positive() }),
  lspSocket: z.string(),
  httpSocket: z.string(),
  /** On 127.0.0.1; null: none. */
  httpPort: z.int().positive().nullable(),
  log: z.string(),
});
export type Discovery = z.infer<typeof discoverySchema>;

export async function writeDiscovery(path: string, discovery: Discovery): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(discovery, undefined, 2)}\n`);
}

/** Undefined: there is none that can be read. */
export async function readDiscovery(path: string): Promise<Discovery | undefined> {
  try {
    return discoverySchema.parse(JSON.parse(await readRegularText(path)));
  } catch {
    return undefined;
  }
}

/** Unless another daemon wrote it. It is only a note: where it cannot be removed, nothing is lost. */
export async function removeDiscovery(
  path: string,
  own: Pick<Discovery, "pid" | "startedAt">,
): Promise<void> {
  const there = await readDiscovery(path);
  if (there?.pid === own.pid && there.startedAt === own.startedAt) await unlink(path).catch(() => undefined);
}
