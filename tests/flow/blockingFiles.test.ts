/** A pipe where a file should be: every command says so in one sentence and ends; none waits. */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ran, runCli, scratchFolder } from "./support/cli.js";

const scratch = scratchFolder();
const folder = scratch.path;
const home = join(folder, "ouro-home");
const onUnix = process.platform !== "win32";
/** Of a command that says why it cannot go on; a waiting one would take for ever. */
const AT_ONCE_MS = 10_000;

beforeAll(() => {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(folder, "a.ts"), "const a = 1;\n");
  if (onUnix) execFileSync("mkfifo", [join(folder, "pipe"), join(folder, "pipe.jsonl")]);
});
afterAll(scratch.remove);

/** Killed where it does not end by itself: its code is null then. */
async function endsAtOnce(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<Ran> {
  const startedAt = performance.now();
  const isLate = () => performance.now() - startedAt > AT_ONCE_MS;
  return await runCli({ args, home: folder, killWhen: isLate, ...(environment && { environment }) });
}

function expectSentence({ code, stdout, stderr }: Ran, sentence: RegExp): void {
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(sentence) });
  expect(
    stderr
      .trimEnd()
      .split("\n")
      .filter((line) => line.startsWith("ouro: ")),
  ).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at |should not have happened/);
}

describe.runIf(onUnix)("a pipe in a file's place is refused at once", () => {
  test.each([
    ["complete --file pipe"],
    ["teach --file pipe --wanted b"],
    ["complete x --model pipe"],
    ["train pipe.jsonl"],
    ["train pretrain --config pipe"],
    ["corpus build ./pipe"],
    ["model use pipe"],
    ["model info pipe"],
    ["model import pipe"],
    ["model convert pipe out.safetensors --to safetensors"],
    ["model verify pipe pipe"],
  ])("ouro %s", async (line) => {
    expectSentence(await endsAtOnce(line.split(" ")), /pipe/);
  });

  test.each([["catalog.json"], ["runtime/token"], ["runtime/log/stderr.txt"]])("as %s", async (name) => {
    const path = join(home, name);
    rmSync(home, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    execFileSync("mkfifo", ["-m", "600", path]);
    expectSentence(await endsAtOnce(["start"]), new RegExp(`${name}.*(remove|not a file)`));
  });
});
