// `npm test`: sets up what the tests need, runs every check and test this machine can run, and counts.
// The last line is "N passed, N failed", with ", N skipped" when something could not run; each such thing is named
// together with what would enable it. Under --strict (or OURO_TEST_STRICT=1) a skip is a failure.
// --long runs the *.long.test.ts files instead (soak, fuzz, full evaluations) and the sanitizer build.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { buildNative, bundle } from "./build.mjs";
import { editorHost } from "./editorHost.mjs";
import { install } from "./install.mjs";
import { kernelChecks } from "./kernelCheck.mjs";
import { OTHER_NODE_MAJOR, otherNode, otherNodeCommand } from "./otherNode.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { requirePrerequisites } from "./prerequisites.mjs";
import { testSanitized } from "./sanitize.mjs";
import { startLog } from "./step.mjs";

const isStrict = process.argv.includes("--strict") || process.env.OURO_TEST_STRICT === "1";
const isLong = process.argv.includes("--long");
/** Folders or files to narrow the run to, as vitest takes them. */
const only = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

const total = { passed: 0, failed: 0, skipped: [] };

function count({ passed, failed, skipped }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
}

/** Runs a program; resolves to whether it succeeded, how it ended and, where its output is piped, what it said. */
function runProgram({ command, args, env = {}, stdio = ["ignore", "pipe", "pipe"] }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env } });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    child.on("error", (error) => resolve({ isSuccess: false, outcome: error.message, output }));
    child.on("close", (status, signal) =>
      resolve({ isSuccess: status === 0, outcome: signal ?? `exit code ${status}`, output }),
    );
  });
}

/** A program that ends with 0 if all is well: one test, told in one line whatever runs beside it. */
async function check({ name, ...program }) {
  const { isSuccess, outcome, output } = await runProgram(program);
  console.log(isSuccess ? `  ok  ${name}` : `  FAILED  ${name} (${outcome})\n${output}`);
  count({ passed: isSuccess ? 1 : 0, failed: isSuccess ? 0 : 1, skipped: [] });
}

/** Runs vitest on `node`; a run that leaves no result has failed, and one that holds no test unless it may. */
async function runVitest({ node, name, paths = only, long = isLong, mayBeEmpty = false, env = {} }) {
  console.log(`\nTests on ${name}`);
  mkdirSync(cacheFolder, { recursive: true });
  const resultFile = join(cacheFolder, "test-result.json");
  rmSync(resultFile, { force: true });
  const reporter = join(root, ".ci", "vitestReporter.mjs");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const { outcome } = await runProgram({
    command: node,
    args: [vitest, "run", "--reporter", reporter, ...paths],
    stdio: "inherit",
    env: { OURO_TEST_RESULT: resultFile, OURO_TEST_LONG: long ? "1" : "", ...env },
  });
  try {
    const result = JSON.parse(readFileSync(resultFile, "utf8"));
    const isEmpty = !mayBeEmpty && result.passed + result.failed + result.skipped.length === 0;
    if (isEmpty) console.log("FAILED: no test was found");
    return isEmpty ? { ...result, failed: 1 } : result;
  } catch {
    console.log(`FAILED: the test run ended without a result (${outcome})`);
    return { passed: 0, failed: 1, skipped: [] };
  }
}

async function runChecks() {
  const bin = (name) => join(root, "node_modules", ".bin", name);
  await check({ name: "format and lint (biome)", command: bin("biome"), args: ["check", "."] });
  await check({ name: "types (tsc)", command: bin("tsc"), args: ["--noEmit"] });
  const page = ["--noEmit", "-p", "extension/chat"];
  await check({ name: "types of the chat page (tsc)", command: bin("tsc"), args: page });
  const format = join(root, ".ci", "formatNative.mjs");
  await check({ name: "format of C++ (clang-format)", command: process.execPath, args: [format, "--check"] });
}

async function runKernelChecks(log) {
  const { programs, failed, skipped } = await kernelChecks({ log, isLong, isBesideOthers: !isLong });
  for (const program of programs) await check(program);
  count({ passed: 0, failed, skipped });
}

async function testOtherNode(log) {
  if (Number(process.versions.node.split(".")[0]) === OTHER_NODE_MAJOR) return;
  const node = await otherNode({ log });
  const env = { OURO_TEST_PART: "hangs-on-node" };
  // Of a run that is narrowed, nothing may be left that hangs on Node.
  const mayBeEmpty = only.length > 0;
  if (node) count(await runVitest({ node, name: `Node ${OTHER_NODE_MAJOR}`, mayBeEmpty, env }));
  else
    total.skipped.push({
      name: `what hangs on Node, on Node ${OTHER_NODE_MAJOR}`,
      reason: `enable with: ${otherNodeCommand}`,
    });
}

async function testLong(log) {
  const { result, skipped } = await testSanitized({ log, runVitest });
  count(result ?? { passed: 0, failed: 0, skipped: [skipped] });
}

async function setUp(log) {
  requirePrerequisites();
  if (!(await install({ withDevelopment: true, log }))) process.exit(1);
  if (!(await buildNative({ log }))) process.exit(1);
  await bundle();
  // Where it cannot be had, the editor's tests say so themselves.
  const isWanted = only.length === 0 || only.some((path) => path.includes("editor"));
  if (isWanted && !isLong) await editorHost({ log });
}

function report() {
  const skipped = total.skipped.length;
  if (skipped > 0) console.log(isStrict ? "\nSkipped, which --strict forbids:" : "\nSkipped:");
  for (const { name, reason } of total.skipped) console.log(`  ${name}: ${reason}`);
  const failed = total.failed + (isStrict ? skipped : 0);
  const counts = [`${total.passed} passed`, `${failed} failed`];
  if (skipped > 0 && !isStrict) counts.push(`${skipped} skipped`);
  console.log(`\n${counts.join(", ")}`);
  process.exitCode = failed === 0 && total.passed > 0 ? 0 : 1;
}

const log = startLog(join(cacheFolder, "test.log"));
console.log(`The whole output of setting up: ${relative(process.cwd(), log)}`);
await setUp(log);
const ownNode = { node: process.execPath, name: `Node ${process.versions.node}` };
if (isLong) {
  if (only.length === 0) await runKernelChecks(log);
  count(await runVitest(ownNode));
  await testLong(log);
} else {
  // The checks run one after another beside the tests, which wait for processes of their own much of the time, and are
  // over long before the files that run alone.
  const checked = only.length === 0 ? runChecks().then(() => runKernelChecks(log)) : undefined;
  const [result] = await Promise.all([runVitest(ownNode), checked]);
  count(result);
  await testOtherNode(log);
}
report();
