/** The system's lock on an open file: held until the file is closed or its process ends, however that happens. */

import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded } from "./rethrow.js";

interface LockAddon {
  tryLock(descriptor: number, isExclusive: boolean): boolean;
}

function isLockAddon(addon: unknown): addon is LockAddon {
  return typeof addon === "object" && addon !== null && "tryLock" in addon;
}

/**
 * False: somebody else has it. Does not wait; whoever has the file open twice can be in its own way. `exclusive` needs
 * a file that is open for writing. Throws EngineError `file` where the file system has no locks.
 */
export function tryLock(descriptor: number, kind: "shared" | "exclusive"): boolean {
  const addon = loadAddon();
  if (!isLockAddon(addon)) {
    throw new EngineError("internal", "the native engine lacks its locks; run `npm run build`");
  }
  return guarded(() => addon.tryLock(descriptor, kind === "exclusive"));
}
