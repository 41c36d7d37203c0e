// Builds the native addon (cmake-js) and bundles the command line (esbuild). Both do only what changed.
// `--native` or `--bundle` does one of them; `--verbose` shows the compiler's whole output.
import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, compilersAtOnce, root } from "./paths.mjs";
import { runStep, startLog } from "./step.mjs";

/** The addon that everybody loads lies under native/build; the sanitizer's has a folder of its own. */
const BUILD_FOLDER = "build";

function cmakeJsCommand({ folder, definitions }) {
  const require = createRequire(join(root, "native", "package.json"));
  return [
    join(dirname(require.resolve("cmake-js/package.json")), "bin", "cmake-js"),
    "compile",
    "--directory",
    join(root, "native"),
    "--out",
    join(root, "native", folder),
    `--CDNODE_API_HEADERS_DIR=${require("node-api-headers").include_dir}`,
    `--CDNODE_ADDON_API_DIR=${dirname(require.resolve("node-addon-api/package.json"))}`,
    ...definitions.map((definition) => `--CD${definition}`),
    "--parallel",
    String(compilersAtOnce()),
  ];
}

/** Both make ("[ 40%] Building …") and ninja ("[4/10] Building …") tell how far they are. */
function compileProgress(line) {
  const percent = /^\[\s*(\d+)%\]/.exec(line);
  if (percent) return `${percent[1]} %`;
  const count = /^\[(\d+)\/(\d+)\]/.exec(line);
  return count ? `${Math.round((100 * Number(count[1])) / Number(count[2]))} %` : undefined;
}

/** Resolves to true when native/<folder>/Release/ouroboros.node is up to date. */
export function buildNative({
  log,
  title = "Compiling the engine",
  folder = BUILD_FOLDER,
  definitions = [],
}) {
  const args = cmakeJsCommand({ folder, definitions });
  return runStep({ title, command: process.execPath, args, log, progressOf: compileProgress });
}

/**
 * One CommonJS file, because the addon is found through `require` and because a single file starts fastest.
 * esbuild leaves `import.meta` empty in CommonJS, so its url is computed by a banner.
 */
export async function bundle() {
  const require = createRequire(join(root, "daemon", "package.json"));
  const { build } = require("esbuild");
  const outfile = join(root, "daemon", "dist", "ouro.cjs");
  await build({
    entryPoints: [join(root, "daemon", "src", "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["*.node"],
    // Its CommonJS form loads its parts in a way that no bundler sees.
    alias: { "jsonc-parser": require.resolve("jsonc-parser/lib/esm/main.js") },
    define: { "import.meta.url": "bundleUrl" },
    banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    sourcemap: true,
    logLevel: "warning",
  });
  chmodSync(outfile, 0o755);
}

async function main(switches) {
  const log = startLog(join(cacheFolder, "build.log"));
  const isWanted = (part) =>
    switches.includes(part) || !(switches.includes("--native") || switches.includes("--bundle"));
  if (isWanted("--native")) {
    if (switches.includes("--verbose")) {
      const args = cmakeJsCommand({ folder: BUILD_FOLDER, definitions: [] });
      const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
      if (status !== 0) process.exit(status ?? 1);
    } else if (!(await buildNative({ log }))) process.exit(1);
  }
  if (isWanted("--bundle")) await bundle();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
