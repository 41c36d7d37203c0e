/** Loads the compiled addon. The only file that knows where it lies. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EngineError } from "./errors.js";

const require = createRequire(import.meta.url);

/** Folder of @ouroboros/native, from source and from a bundle in the repository alike; undefined outside of it. */
function packageFolder(): string | undefined {
  try {
    return dirname(require.resolve("@ouroboros/native/package.json"));
  } catch {
    // `resolve` knows no other way to say that there is none.
    return undefined;
  }
}

/** OUROBOROS_BUILD names another build folder: the one of the sanitizers, when the tests run on it. */
function builtPaths(): readonly string[] {
  const folder = packageFolder();
  const build = process.env.OUROBOROS_BUILD || "build";
  return folder === undefined ? [] : [join(folder, build, "Release", "ouroboros.node")];
}

/** Where an installed extension has it: in `native/` of some folder above the running file, the nearest first. */
function installedPaths(): readonly string[] {
  const paths: string[] = [];
  let below = fileURLToPath(import.meta.url);
  for (let folder = dirname(below); folder !== below; folder = dirname(folder)) {
    paths.push(join(folder, "native", "ouroboros.node"));
    below = folder;
  }
  return paths;
}

/** The addon's exports, untyped: each facade file narrows the part it uses. */
export function loadAddon(): unknown {
  const path = [...builtPaths(), ...installedPaths()].find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new EngineError("file", "the native engine is not built yet; run `npm run build`");
  }
  return require(path);
}
