// `npm start`: from a fresh clone to the demo. Checks what the machine has, installs what running needs, builds, and
// hands over to `ouro demo`, whose exit code becomes this script's.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { buildNative, bundle } from "./build.mjs";
import { install, isInstalled } from "./install.mjs";
import { cacheFolder, compilersAtOnce, root } from "./paths.mjs";
import { requirePrerequisites } from "./prerequisites.mjs";
import { startLog } from "./step.mjs";

/** Measured on one core of a small virtual machine: compiling everything, and the rest (packages, demo). */
const COMPILE_CORE_SECONDS = 100;
const REST_SECONDS = 40;

function announce() {
  const isBuilt = existsSync(join(root, "native", "build", "Release", "ouroboros.node"));
  if (isInstalled({ withDevelopment: false }) && isBuilt) {
    console.log("Everything is here already: this takes about half a minute, most of it the demo.");
    return;
  }
  const minutes = Math.max(1, Math.round((COMPILE_CORE_SECONDS / compilersAtOnce() + REST_SECONDS) / 60));
  console.log(
    `The first time, this takes about ${minutes} min: packages are installed and the engine is compiled.`,
  );
}

requirePrerequisites();
console.log("Ouroboros: a small code model that runs here and learns, in seconds, what you correct.");
announce();
const log = startLog(join(cacheFolder, "start.log"));
const isReady = (await install({ withDevelopment: false, log })) && (await buildNative({ log }));
if (!isReady) {
  console.error(
    `Setting up failed; nothing was changed outside ${relative(process.cwd(), root) || "this folder"}.`,
  );
  process.exit(1);
}
await bundle();
const demo = spawnSync(process.execPath, [join(root, "daemon", "bin", "ouro.mjs"), "demo"], {
  stdio: "inherit",
});
process.exit(demo.status ?? 1);
