// The VS Code that the editor tests run in: the server that code-server brings along, on Node, seen through Chromium.
// Put into the cache folder once, from npm, without install scripts and so without compiling anything; then thinned
// out, and made as strict about proposed API as the VS Code that people have. host.json tells tests where it lies.
// Run alone, it installs and says what it found.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { OTHER_NODE_MAJOR, otherNode, otherNodeCommand } from "./otherNode.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { runStep, startLog } from "./step.mjs";

/** Versions: a package.json with its lock file, of no workspace, since nothing but these tests wants them. */
const versionsFolder = join(root, "tests", "editor", "host");
const VERSION_FILES = ["package.json", "package-lock.json", ".npmrc"];

const hostFolder = join(cacheFolder, "editor-host");
const factsFile = join(hostFolder, "host.json");

const SERVER_FOLDER = join("node_modules", "code-server", "lib", "vscode");

/** The command that a person would type to get it. */
const editorHostCommand = "node .ci/editorHost.mjs";

/**
 * Under the server's folder: three quarters of its size, used by no test. Each is a pattern for one name.
 * The TypeScript extension without its compiler, which is not fetched, would complain in every window.
 */
const UNUSED = [
  ["node_modules/@github", /./],
  ["node_modules/@devcontainers", /./],
  ["node_modules/@microsoft", /^mxc-sdk$/],
  ["node_modules/@vscode", /^windows-/],
  ["node_modules", /^ssh2$/],
  ["node_modules/node-pty/prebuilds", /^(?!linux-x64$)/],
  ["node_modules/@vscode/ripgrep-universal/bin", /^(?!linux-x64$)/],
  [
    "extensions",
    /^(copilot|mermaid-markdown-features|microsoft-authentication|github|tunnel-forwarding|typescript-language-features|ms-vscode\..*)$/,
  ],
];

/**
 * code-server lets every extension use proposed API: the check for it is a function that always returns true. An
 * extension would pass here and fail to start in the VS Code that people have. So the check is put back.
 */
const ALWAYS_ALLOWED =
  /function ([\w$]+)\(([\w$]+),([\w$]+)\)\{return!0\}(?=function [\w$]+\(([\w$]+),([\w$]+)\)\{if\(!\1\(\4,\5\)\)throw new Error\(`Extension )/g;
const ALLOWED_WHEN_DECLARED =
  "function $1($2,$3){return!!($2&&$2.enabledApiProposals&&$2.enabledApiProposals.includes($3))}";
const CHECKING_FILES = [
  "out/server-main.js",
  "out/vs/workbench/api/node/extensionHostProcess.js",
  "out/vs/workbench/api/worker/extensionHostWorkerMain.js",
  "out/vs/code/browser/workbench/workbench.js",
];

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Changes with the versions and with what is done to them, so that a change of either begins anew. */
function installationName() {
  const hash = createHash("sha256");
  for (const file of VERSION_FILES) hash.update(readFileSync(join(versionsFolder, file)));
  hash.update([...UNUSED.flat(), ALWAYS_ALLOWED, ALLOWED_WHEN_DECLARED, ...CHECKING_FILES].join("\n"));
  return hash.digest("hex").slice(0, 12);
}

function onPath(names) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** Chromium's path, or undefined. It is installed only where that needs nobody's password: a bare machine in CI. */
async function findChromium({ log }) {
  const found = onPath(CHROMIUM_NAMES);
  if (found || process.getuid() !== 0 || !onPath(["apt-get"])) return found;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (title, args) => runStep({ title, command: "apt-get", args, log, env });
  await apt("Fetching the list of system packages", ["update", "-qq"]);
  await apt("Installing Chromium for the editor tests", [
    "install",
    "-y",
    "-qq",
    "--no-install-recommends",
    "chromium",
  ]);
  return onPath(CHROMIUM_NAMES);
}

/** Without install scripts: they would compile native parts that these tests do without. */
function runNpm({ title, folder, args, log }) {
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ["npm", []];
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
  return runStep({ title, command, args: [...first, ...args, "--prefix", folder, ...quiet], log });
}

function removeUnused(serverFolder) {
  for (const [parent, pattern] of UNUSED) {
    const folder = join(serverFolder, parent);
    if (!existsSync(folder)) continue;
    const names = readdirSync(folder).filter((name) => pattern.test(name));
    for (const name of names) rmSync(join(folder, name), { recursive: true });
  }
  for (const path of readdirSync(serverFolder, { recursive: true }))
    if (path.endsWith(".map")) rmSync(join(serverFolder, path));
}

/** The sentence that says which file is not as expected, or undefined when the check is back everywhere. */
function restoreApiCheck(serverFolder) {
  for (const file of CHECKING_FILES) {
    const path = join(serverFolder, file);
    const code = readFileSync(path, "utf8");
    const restored = code.replace(ALWAYS_ALLOWED, ALLOWED_WHEN_DECLARED);
    if (restored === code)
      return `${file} of code-server checks proposed API in another way than .ci/editorHost.mjs knows: adapt it.`;
    writeFileSync(path, restored);
  }
  return undefined;
}

/**
 * Resolves to what went wrong, or to undefined. The folder gets its name last: there is a whole one or none, also when
 * this is killed, or npm lives on after that. Whatever an interrupted or older installation left is removed first.
 */
async function installServer({ folder, log }) {
  rmSync(hostFolder, { recursive: true, force: true, maxRetries: 5 });
  const unfinished = `${folder}-unfinished-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  for (const file of VERSION_FILES) copyFileSync(join(versionsFolder, file), join(unfinished, file));
  const server = join(unfinished, SERVER_FOLDER);
  const isFetched =
    (await runNpm({
      title: "Fetching VS Code for the editor tests",
      folder: unfinished,
      args: ["ci"],
      log,
    })) &&
    // Not `npm ci`: the lock file inside is incomplete, which `npm install` mends.
    (await runNpm({
      title: "Fetching what VS Code needs",
      folder: server,
      args: ["install", "--omit=dev"],
      log,
    }));
  if (!isFetched) return `VS Code could not be fetched from npm, try again with: ${editorHostCommand}`;
  removeUnused(server);
  const problem = restoreApiCheck(server);
  if (!problem) renameSync(unfinished, folder);
  return problem;
}

async function findHost({ log }) {
  const missing = (reason) => ({ kind: "missing", reason });
  if (process.platform !== "linux" || process.arch !== "x64") return missing("runs on Linux x64 only");
  const chromium = await findChromium({ log });
  if (!chromium)
    return missing("enable with: sudo apt-get install -y chromium (or your distribution's like)");
  const isFittingNode = Number(process.versions.node.split(".")[0]) === OTHER_NODE_MAJOR;
  const node = isFittingNode ? process.execPath : await otherNode({ log });
  if (!node) return missing(`enable with: ${otherNodeCommand}`);
  const folder = join(hostFolder, installationName());
  const problem = existsSync(folder) ? undefined : await installServer({ folder, log });
  if (problem) return missing(problem);
  return { kind: "ready", node, server: join(folder, SERVER_FOLDER, "out", "server-main.js"), chromium };
}

/** `{ kind: "ready", node, server, chromium }`, or `{ kind: "missing", reason }`; also what host.json then holds. */
export async function editorHost({ log }) {
  const host = await findHost({ log });
  mkdirSync(hostFolder, { recursive: true });
  writeFileSync(factsFile, `${JSON.stringify(host, undefined, 2)}\n`);
  return host;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const host = await editorHost({ log: startLog(join(cacheFolder, "editor-host.log")) });
  console.log(host.kind === "ready" ? "The editor tests have all they need." : host.reason);
  process.exitCode = host.kind === "ready" ? 0 : 1;
}
