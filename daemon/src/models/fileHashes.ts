/**
 * The sha256 of model files and vocabularies without reading them again: remembered by path, device, inode, size, and
 * times of change, that of the status among them, which nobody sets back. Disposable; a file that cannot be read or
 * written back costs the time of hashing, and nothing else.
 */

import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { hashFile, writeFileAtomic } from "../base/atomicFile.js";
import { AppError } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";

const storedSchema = z.array(z.strictObject({ key: z.string(), seen: z.string(), hash: z.string() }));

/** A person has a handful of checkpoints and vocabularies. */
const HASHES_MAX = 100;
/** The coarsest clock of a file system in use: what is written so soon after may show the same time. */
const CLOCK_TICK_NS = 2_000_000_000n;

export interface FileHashes {
  /** `compute`: where the hash is not of the file's own bytes but of its `part`. Throws `checkpoint-missing`. */
  hashOf(path: string, part?: { readonly name: string; readonly compute: () => string }): Promise<string>;
}

/** `store`: the file in which they are remembered. */
export function openFileHashes(store: string, nowMs: () => number = Date.now): FileHashes {
  return {
    async hashOf(path, part) {
      const file = await look(path);
      const key = resolve(path) + (part ? `#${part.name}` : "");
      const seen = [file.dev, file.ino, file.size, file.mtimeNs, file.ctimeNs].join(" ");
      const stored = await readStored(store);
      const known = stored.find((each) => each.key === key);
      if (known?.seen === seen) return known.hash;
      const isSettled = file.ctimeNs + CLOCK_TICK_NS < BigInt(nowMs()) * 1_000_000n;
      const hash = part ? part.compute() : await hashFile(path);
      if (!isSettled) return hash;
      const others = stored.filter((each) => each !== known);
      const newest = [...others, { key, seen, hash }].slice(-HASHES_MAX);
      await writeFileAtomic(store, JSON.stringify(newest)).catch(() => undefined);
      return hash;
    },
  };
}

async function look(path: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true });
  } catch (cause) {
    throw new AppError("checkpoint-missing", `there is no file ${path}; name one that is there`, { cause });
  }
}

async function readStored(store: string): Promise<z.infer<typeof storedSchema>> {
  try {
    return storedSchema.parse(JSON.parse(await readRegularText(store)));
  } catch {
    return [];
  }
}
