// Builds the addon a second time, with the address and undefined-behaviour sanitizers, and runs the native tests on it.
// Part of `npm run test:long`. Linux only: the sanitizer's runtime has to be there before Node starts.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { buildNative } from "./build.mjs";

const SANITIZED_FOLDER = "build-sanitize";

/** The runtime libraries of the compiler in use; undefined where it has none. */
function runtimeLibraries() {
  if (process.platform !== "linux") return undefined;
  const find = (name) =>
    spawnSync("c++", [`-print-file-name=${name}`], { encoding: "utf8" }).stdout?.trim() ?? "";
  // libstdc++ must come along, or exceptions cannot be intercepted when Node was linked statically with its own.
  const libraries = ["libasan.so", "libubsan.so", "libstdc++.so"].map(find);
  return libraries.every((path) => existsSync(path)) ? libraries : undefined;
}

/** `{ result }` of the native tests, or `{ skipped }` with the reason. */
export async function testSanitized({ log, runVitest }) {
  const libraries = runtimeLibraries();
  if (!libraries) {
    const reason = "needs Linux and GCC with libasan: sudo apt-get install -y g++";
    return { skipped: { name: "native tests under the sanitizers", reason } };
  }
  const isBuilt = await buildNative({
    log,
    title: "Compiling the engine with sanitizers",
    folder: SANITIZED_FOLDER,
    definitions: ["OUROBOROS_SANITIZE=address,undefined"],
  });
  if (!isBuilt) return { result: { passed: 0, failed: 1, skipped: [] } };
  const env = {
    LD_PRELOAD: libraries.join(" "),
    // Node keeps memory until its end on purpose; leaks are looked for elsewhere.
    ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1",
    UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
    OUROBOROS_BUILD: SANITIZED_FOLDER,
  };
  const name = "the native tests under the sanitizers";
  return { result: await runVitest({ node: process.execPath, name, paths: ["native"], long: false, env }) };
}
