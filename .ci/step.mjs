// Runs one command of a longer task: one line for the person, everything it printed into a log file.
// On a terminal the line shows the progress so far; elsewhere it appears once, when the step is done.
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { root } from "./paths.mjs";

/** How much of a failed step's output is shown; the rest is in the log. */
const TAIL_LINES = 30;
const REFRESH_MS = 200;
/** Without a terminal, a sign of life this often. */
const SIGN_OF_LIFE_MS = 60_000;

const isTerminal = process.stdout.isTTY === true;

function seconds(sinceMs) {
  return `${Math.round((Date.now() - sinceMs) / 1000)} s`;
}

/** Shows `title`, how far the step is and for how long it has run; returns the function that tells how it ended. */
function showProgress({ title, progress, isBesideOthers }) {
  const startedMs = Date.now();
  const line = () => {
    const at = progress();
    return `${title} … ${at === undefined ? "" : `${at}, `}${seconds(startedMs)}`;
  };
  const show = () => (isTerminal ? process.stdout.write(`\r\x1b[2K${line()}`) : console.log(line()));
  const timer = isBesideOthers ? undefined : setInterval(show, isTerminal ? REFRESH_MS : SIGN_OF_LIFE_MS);
  return (outcome) => {
    clearInterval(timer);
    if (isTerminal && timer) process.stdout.write("\r\x1b[2K");
    console.log(`${title}: ${outcome} (${seconds(startedMs)})`);
  };
}

/** Starts a log file that the steps of one task share. */
export function startLog(path) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  return path;
}

/**
 * Resolves to true when the command succeeded. A failure prints the end of its output and the log's path.
 * `progressOf` reads a progress such as "40 %" out of a line of output, or gives undefined. A step that runs beside
 * others, which print lines of their own, shows no progress: it is one line when it has ended.
 */
export function runStep(step) {
  const { title, command, args, log, env = process.env, progressOf = () => undefined, isBesideOthers } = step;
  appendFileSync(log, `\n== ${title}: ${[command, ...args].join(" ")}\n`);
  return new Promise((resolve) => {
    let progress;
    const tail = [];
    const end = showProgress({ title, progress: () => progress, isBesideOthers });
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    const take = (chunk) => {
      appendFileSync(log, chunk);
      for (const line of chunk.toString().split("\n")) {
        if (line.trim() === "") continue;
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        progress = progressOf(line) ?? progress;
      }
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => tail.push(error.message));
    child.on("close", (code) => {
      end(code === 0 ? "done" : "failed");
      if (code !== 0) console.error(`${tail.join("\n")}\nThe whole log: ${relative(process.cwd(), log)}`);
      resolve(code === 0);
    });
  });
}
