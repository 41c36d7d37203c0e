/** Bundles a TypeScript file as the command line is bundled: one CommonJS file that starts itself again. */

import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const cacheFolder = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));

/** The path of the script. */
export async function bundleCommand(entry: URL): Promise<string> {
  mkdirSync(cacheFolder, { recursive: true });
  const outfile = join(mkdtempSync(join(cacheFolder, "command-")), "script.cjs");
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: "node",
    // As when the command itself is built: a package's UMD form loads its parts by names that no bundle has.
    mainFields: ["module", "main"],
    format: "cjs",
    external: ["*.node"],
    define: { "import.meta.url": "bundleUrl" },
    banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    logLevel: "warning",
  });
  return outfile;
}
