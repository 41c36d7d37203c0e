/**
 * The sha256 of model files and vocabularies without reading them again: remembered by path, size and time of change.
 * Disposable; a file that cannot be read or written back costs the time of hashing, and nothing else.
 */

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { hashFile, writeFileAtomic } from "../base/atomicFile.js";
import { AppError } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";

const storedSchema = z.array(
  z.strictObject({ key: z.string(), bytes: z.number(), modifiedMs: z.number(), hash: z.string() }),
);

/** A person has a handful of checkpoints and vocabularies. */
const HASHES_MAX = 100;

export interface FileHashes {
  /** `compute`: where the hash is not of the file's own bytes but of its `part`. Throws `checkpoint-missing`. */
  hashOf(path: string, part?: { readonly name: string; readonly compute: () => string }): Promise<string>;
}

/** `store`: the file in which they are remembered. */
export function openFileHashes(store: string): FileHashes {
  return {
    async hashOf(path, part) {
      const file = await stat(path).catch((cause: unknown) => {
        throw new AppError("checkpoint-missing", `there is no file ${path}; name one that is there`, {
          cause,
        });
      });
      const [key, bytes, modifiedMs] = [
        resolve(path) + (part ? `#${part.name}` : ""),
        file.size,
        file.mtimeMs,
      ];
      const stored = await readStored(store);
      const known = stored.find((each) => each.key === key);
      if (known?.bytes === bytes && known.modifiedMs === modifiedMs) return known.hash;
      const hash = part ? part.compute() : await hashFile(path);
      const others = stored.filter((each) => each !== known);
      const newest = [...others, { key, bytes, modifiedMs, hash }].slice(-HASHES_MAX);
      await writeFileAtomic(store, JSON.stringify(newest)).catch(() => undefined);
      return hash;
    },
  };
}

async function readStored(store: string): Promise<z.infer<typeof storedSchema>> {
  try {
    return storedSchema.parse(JSON.parse(await readRegularText(store)));
  } catch {
    return [];
  }
}
