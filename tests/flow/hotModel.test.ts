/**
 * Commands beside a daemon whose model is hot, and without one. Once the daemon has loaded it, another file takes the
 * place of the model's, which the daemon keeps open: a command that loaded a model of its own would fail, and what
 * succeeds came from the daemon.
 */

import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
const PROMPT = "const answer = ";
const WANTED = "compute(41) + 1;";
const FIRST = ["complete", PROMPT, "--tokens", "12", "--temperature", "1", "--seed", "3"];
/** The story that every way of asking must tell alike. */
const STORY = [
  FIRST,
  ["complete", PROMPT, "--base", "--stop", "", "--tokens", "16"],
  ["teach", PROMPT, "--wanted", WANTED],
  ["complete", PROMPT],
  ["learned"],
  ["undo"],
  FIRST,
  ["learned"],
];

afterAll(scratch.remove);

/** A data home and a model of its own; the project is the same for all, so that ids are too. */
async function shell(name: string) {
  const home = join(scratch.path, name);
  const folder = join(scratch.path, "shop");
  const model = join(home, "model", "model.safetensors");
  await writeTinyModel(join(home, "model"));
  mkdirSync(join(folder, ".git"), { recursive: true });
  const run = (...args: readonly string[]) => runCli({ args, home, folder });
  expect(await run("model", "use", model)).toMatchObject({ code: 0 });
  /** From here on nobody can load the model. */
  const spoil = () => {
    writeFileSync(`${model}.spoilt`, readFileSync(model).fill(0, 0, 64));
    renameSync(`${model}.spoilt`, model);
  };
  return { home, folder, model, run, spoil, [Symbol.asyncDispose]: async () => void (await run("stop")) };
}

type Shell = Awaited<ReturnType<typeof shell>>;

/** What is said, without ids and times. */
async function tell({ run }: Shell, more: readonly string[] = []): Promise<readonly unknown[]> {
  const told: unknown[] = [];
  for (const args of STORY) {
    const { code, stdout, stderr } = await run(...args, ...more, "--json");
    expect({ args, code, stderr: stderr.replaceAll(/^learning.*\n/gm, "") }).toEqual({
      args,
      code: 0,
      stderr: "",
    });
    told.push(withoutIds(JSON.parse(stdout)));
  }
  return told;
}

function withoutIds(value: unknown): unknown {
  const passing = ["seconds", "id", "correctionId", "at"];
  const replace = (key: string, each: unknown) => (passing.includes(key) ? typeof each : each);
  return JSON.parse(JSON.stringify(value, replace));
}

describe("commands", () => {
  test("say the same through the daemon, whose model they use, and in a process of their own", async () => {
    await using alone = await shell("alone");
    await using served = await shell("served");
    expect((await served.run("start")).code).toBe(0);
    expect((await served.run("complete", PROMPT)).code).toBe(0);
    served.spoil();
    const told = await tell(served);
    expect(told).toEqual(await tell(alone));
    expect(told[2]).toMatchObject({ outcome: "learned", proven: true, writes: WANTED });
  });

  test("that name the daemon's model use it, and with another one work apart from it", async () => {
    await using named = await shell("named");
    const { home, model, run } = named;
    await run("start");
    const taught = await run("teach", PROMPT, "--wanted", WANTED, "--json");
    expect(taught.code).toBe(0);
    // The daemon holds the journal: only what goes through it can teach.
    const copy = join(home, "copy", "model.safetensors");
    mkdirSync(join(home, "copy"));
    copyFileSync(model, copy);
    copyFileSync(join(home, "model", "vocab.txt"), join(home, "copy", "vocab.txt"));
    for (const path of [model, copy]) {
      const lesson = await run("teach", `${path.length} = `, "--wanted", "taught();", "--model", path);
      expect(lesson).toMatchObject({ code: 0 });
    }
    expect((await run("learned", "--json", "--model", copy)).stdout).toBe(
      (await run("learned", "--json")).stdout,
    );
    const other = await writeTinyModel(join(home, "other"), 2);
    expect((await run("complete", PROMPT, "--model", other)).code).toBe(0);
    const refused = await run("teach", PROMPT, "--wanted", "another();", "--weights", "f32");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/process \d+/) });
  });

  test("list what was learned without a model, the daemon's unloaded or none running", async () => {
    await using listing = await shell("listing");
    const { run, spoil } = listing;
    expect((await run("teach", PROMPT, "--wanted", WANTED)).code).toBe(0);
    const before = await run("learned");
    expect(before.stdout).toContain(WANTED);
    spoil();
    expect(await run("learned")).toEqual(before);
    expect((await run("start")).code).toBe(0);
    expect(await run("learned")).toEqual(before);
  });

  test("list nothing for a file that is no longer there, and say which", async () => {
    await using gone = await shell("gone");
    const { model, run } = gone;
    renameSync(model, `${model}.old`);
    const list = await run("learned");
    expect(list).toMatchObject({ code: 1, stderr: expect.stringContaining(`${model} is gone`) });
    rmSync(`${model}.old`);
  });
});
