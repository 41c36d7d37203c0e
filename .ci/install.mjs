// Installs the npm packages of the lock file, when those that are there are not exactly these.
// npm writes what it installed to node_modules/.package-lock.json; comparing with that also recognises an `npm ci`
// that somebody ran by hand, which a stamp of our own would not.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { runStep } from "./step.mjs";

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {};
}

/** Optional packages are for one platform each and stay away elsewhere, so their absence says nothing. */
function isWanted(entry, { withDevelopment }) {
  return !entry.optional && !entry.devOptional && !entry.peer && (withDevelopment || !entry.dev);
}

export function isInstalled({ withDevelopment }) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith("node_modules/") || !isWanted(entry, { withDevelopment })) return true;
    const there = installed[path];
    return there !== undefined && there.version === entry.version && existsSync(join(root, path));
  });
}

/** Resolves to true when the packages are there. */
export async function install({ withDevelopment, log }) {
  if (isInstalled({ withDevelopment })) return true;
  // npm is a script beside Node on every platform; run it as npm itself was run, so that no shell is needed.
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ["npm", []];
  return runStep({
    title: "Installing packages",
    command,
    args: [
      ...first,
      "ci",
      ...(withDevelopment ? ["--include=dev"] : ["--omit=dev"]),
      "--no-audit",
      "--no-fund",
    ],
    log,
  });
}
