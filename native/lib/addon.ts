/** Loads the compiled addon. The only file that knows where it lies. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EngineError } from "./errors.js";

const require = createRequire(import.meta.url);

/** Folder of @ouroboros/native, from source and from a bundle alike. */
function packageFolder(): string {
  return dirname(require.resolve("@ouroboros/native/package.json"));
}

/**
 * The addon's exports, untyped: each facade file narrows the part it uses.
 * OUROBOROS_BUILD names another build folder: the one of the sanitizers, when the tests run on it.
 */
export function loadAddon(): unknown {
  const folder = process.env.OUROBOROS_BUILD || "build";
  const path = join(packageFolder(), folder, "Release", "ouroboros.node");
  if (!existsSync(path)) {
    throw new EngineError("file", "the native engine is not built yet; run `npm run build`");
  }
  return require(path);
}
