/** A folder of one test file's own, removed when its tests are done. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

interface ScratchFolder {
  readonly path: string;
  /** Writes a file and returns its path. */
  write(name: string, content: string | Uint8Array): string;
}

export function scratchFolder(): ScratchFolder {
  const path = mkdtempSync(join(tmpdir(), "ouroboros-test-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      // Truncating a file makes some file systems flush it; thousands of small files would take minutes.
      rmSync(file, { force: true });
      writeFileSync(file, content);
      return file;
    },
  };
}
