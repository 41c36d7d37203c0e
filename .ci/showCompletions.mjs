// Prints what the embedded model writes at the first ten places of tests/fixtures/completions.json, for MODEL_CARD.md and
// README.md: a fixed list, so that nobody chooses the good ones. node .ci/showCompletions.mjs [model]
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "./paths.mjs";

const SHOWN = 10;
const places = JSON.parse(readFileSync(join(root, "tests", "fixtures", "completions.json"), "utf8"));
const scratch = mkdtempSync(join(tmpdir(), "ouro-shown-"));
const model = process.argv[2] === undefined ? [] : ["--model", process.argv[2]];

function completionAt({ path, before, after }) {
  const file = join(scratch, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, before + after);
  const lines = before.split("\n");
  const cursor = ["--line", String(lines.length), "--column", String((lines.at(-1) ?? "").length + 1)];
  const args = ["complete", "--file", path, ...cursor, "--temperature", "0", "--base", "--json", ...model];
  const cli = join(root, "daemon", "bin", "ouro.mjs");
  const home = join(scratch, "home");
  const out = execFileSync(process.execPath, [cli, ...args, "--home", home], {
    cwd: scratch,
    encoding: "utf8",
  });
  return JSON.parse(out).text;
}

try {
  console.log("| file | the line so far | what it writes |\n|---|---|---|");
  for (const place of places.slice(0, SHOWN)) {
    const begun = place.before.split("\n").at(-1).trimStart();
    const cell = (text) => `\`${text.replaceAll("|", "\\|")}\``;
    console.log(`| ${place.path} | ${cell(begun)} | ${cell(completionAt(place))} |`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
