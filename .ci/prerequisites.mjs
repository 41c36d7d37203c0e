// Says, before anything is installed or built, what this machine still lacks and the line that installs it.
// Uses nothing but Node itself: it runs before the packages are there. Run alone, it prints its findings.
import { spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./paths.mjs";

/** The oldest Node that the packages support (package.json "engines"). */
const NODE_MIN = [20, 19];
/** CMakeLists.txt asks for this. */
const CMAKE_MIN = [3, 18];
/** Packages, object files, bundle, a scratch data home and the editor that tests run, with room to spare. */
const DISK_MIN_MIB = 2500;

const isWindows = process.platform === "win32";
const isMac = process.platform === "darwin";

/** One sentence on how to install something here. */
function remedy({ apt, brew, winget }) {
  if (isWindows) return `winget install ${winget}`;
  if (isMac) return brew;
  return `sudo apt-get install -y ${apt} (or your distribution's like)`;
}

/** The first of `names` that is a program of this machine. */
export function onPath(names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.find((name) =>
    folders.some((folder) => folder !== "" && existsSync(join(folder, isWindows ? `${name}.exe` : name))),
  );
}

function isOlder([major, minor], [majorMin, minorMin]) {
  return major < majorMin || (major === majorMin && minor < minorMin);
}

function versionIn(text) {
  const found = /(\d+)\.(\d+)/.exec(text ?? "");
  return found ? [Number(found[1]), Number(found[2])] : [0, 0];
}

function missingNode() {
  if (!isOlder(versionIn(process.versions.node), NODE_MIN)) return undefined;
  return `Node ${process.versions.node} is too old, ${NODE_MIN.join(".")} or newer is needed: ${remedy({
    apt: "nodejs npm",
    brew: "brew install node",
    winget: "OpenJS.NodeJS.LTS",
  })}, or take it from nodejs.org.`;
}

/** Visual Studio's compiler is not on the PATH; its locator tool lies in a fixed place. */
function hasVisualStudio() {
  const installer = join(
    process.env["ProgramFiles(x86)"] ?? "C:\\Program Files (x86)",
    "Microsoft Visual Studio",
  );
  return existsSync(join(installer, "Installer", "vswhere.exe"));
}

function missingCompiler() {
  if (process.env.CXX || onPath(["c++", "g++", "clang++", "cl"]) || (isWindows && hasVisualStudio()))
    return undefined;
  return `A C++20 compiler is missing: ${remedy({
    apt: "g++",
    brew: "xcode-select --install",
    winget: "Microsoft.VisualStudio.2022.BuildTools",
  })}.`;
}

function missingCmake() {
  const how = remedy({ apt: "cmake", brew: "brew install cmake", winget: "Kitware.CMake" });
  if (!onPath(["cmake"])) return `CMake is missing: ${how}.`;
  const version = versionIn(spawnSync("cmake", ["--version"], { encoding: "utf8" }).stdout);
  if (!isOlder(version, CMAKE_MIN)) return undefined;
  return `CMake ${version.join(".")} is too old, ${CMAKE_MIN.join(".")} or newer is needed: ${how}.`;
}

function missingGenerator() {
  if (isWindows || onPath(["ninja", "make", "gmake"])) return undefined;
  return `CMake needs make or ninja: ${remedy({ apt: "make", brew: "xcode-select --install", winget: "Ninja-build.Ninja" })}.`;
}

function missingDisk() {
  const disk = statfsSync(root);
  const freeMiB = Math.floor((disk.bavail * disk.bsize) / 2 ** 20);
  if (freeMiB >= DISK_MIN_MIB) return undefined;
  return `Only ${freeMiB} MiB are free where this folder lies, ${DISK_MIN_MIB} MiB are needed: free some, or move the folder.`;
}

/** What is missing, one sentence each; empty when all is there. */
function missingPrerequisites() {
  const node = missingNode();
  // An older Node may not even have statfs: say the first thing first.
  if (node) return [node];
  return [missingCompiler(), missingCmake(), missingGenerator(), missingDisk()].filter(Boolean);
}

/** Ends the process with the sentences on stderr when something is missing. */
export function requirePrerequisites() {
  const missing = missingPrerequisites();
  if (missing.length === 0) return;
  for (const sentence of missing) console.error(sentence);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  requirePrerequisites();
  console.log("All prerequisites are here.");
}
