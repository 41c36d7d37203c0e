/** A correction from the shell: taught, listed, used, taken back, and interrupted halfway. */

import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
let model: string;
beforeAll(async () => {
  model = await writeTinyModel(join(scratch.path, "model"));
});
afterAll(scratch.remove);

const PROMPT = "const answer = ";
const WANTED = "compute(41) + 1;";
const completed = z.object({ text: z.string(), tokens: z.array(z.int()), adapterVersion: z.int() });
const taught = z.object({
  outcome: z.literal("learned"),
  correctionId: z.string(),
  proven: z.literal(true),
  writes: z.string(),
});
const listed = z.object({
  corrections: z.array(z.object({ id: z.string(), status: z.string(), wanted: z.string() })),
});

/** A data home and project of its own for each test. */
function shell(name: string) {
  const home = join(scratch.path, name);
  mkdirSync(home);
  const run = (...args: readonly string[]) => runCli({ args: [...args, "--model", model], home });
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run(...args, "--json");
    expect({ code, stderr: stderr.replace(/^learning.*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout);
  };
  return { home, run, json };
}

describe("a correction", () => {
  test("that seems to hold a secret is asked about, and nothing of it is kept", async () => {
    const { json, run, home } = shell("secret");
    const wanted = 'apiKey: "a1b2c3d4e5f6",';
    const { code, stderr } = await run("teach", PROMPT, "--wanted", wanted);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("--secrets") });
    expect(stderr).not.toContain("a1b2c3d4e5f6");
    expect((await run("teach", PROMPT, "--wanted", "", "--proposed", wanted)).stderr).toContain("--secrets");
    await json("teach", PROMPT, "--wanted", wanted, "--secrets", "placeholder");
    const journal = readFileSync(join(home, "ouro-home", "journal", "000001.jsonl"), "utf8");
    expect(journal).toContain("YOUR_SECRET");
    expect(journal).not.toContain("a1b2c3d4e5f6");
  });

  test("is learned, listed, and gone after undo", async () => {
    const { json, run } = shell("whole-story");
    const complete = async () => completed.parse(await json("complete", PROMPT, "--tokens", "12"));
    const before = await complete();
    const lesson = taught.parse(await json("teach", PROMPT, "--wanted", WANTED));
    expect(lesson.writes).toBe(WANTED);
    expect((await complete()).text).toBe(WANTED);
    const { corrections } = listed.parse(await json("learned"));
    expect(corrections).toEqual([{ id: lesson.correctionId, status: "learned", wanted: WANTED }]);
    expect(completed.parse(await json("complete", PROMPT, "--tokens", "12", "--base")).text).toBe(
      before.text,
    );

    await json("undo", lesson.correctionId);
    expect(await complete()).toEqual(before);
    expect(listed.parse(await json("learned")).corrections[0]?.status).toBe("undone");
    expect((await run("undo")).stderr).toMatch(/^ouro: nothing has been learned in .*\n$/);
  });

  test("of several lines is shown to have been learned to its end", async () => {
    const { json, run } = shell("lines");
    const wanted = "one();\n  two();";
    expect(taught.parse(await json("teach", PROMPT, "--wanted", wanted)).writes).toBe(wanted);
    const again = await run("teach", "return ", "--wanted", "a;\r\nb;");
    expect(again.stdout).toContain("You wanted:  a;⏎b;\nIt writes:   a;⏎b;\n");
  });

  test("is shown to people as text without control characters", async () => {
    const { run } = shell("for-people");
    const lesson = await run("teach", PROMPT, "--wanted", WANTED);
    expect(lesson.stdout).toContain(`You wanted:  ${WANTED}\nIt writes:   ${WANTED}\n`);
    expect(lesson.stdout).toMatch(/loss \d+\.\d+ -> \d+\.\d+ nats\/token, adapter version 1\./);
    const list = await run("learned");
    expect(list.stdout).toContain(WANTED);
    expect(`${lesson.stdout}${lesson.stderr}${list.stdout}`).not.toContain("\x1b");
  });

  test("that is interrupted is kept, and the model answers as before", async () => {
    const { home, run, json } = shell("interrupted");
    const before = completed.parse(await json("complete", PROMPT, "--tokens", "12"));
    const stopped = await runCli({
      args: ["teach", PROMPT, "--wanted", WANTED, "--proposed", before.text, "--model", model],
      home,
      interruptWhen: /^learning/m,
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain("is kept and will be learned");
    expect(
      completed.parse(JSON.parse((await run("complete", PROMPT, "--tokens", "12", "--json")).stdout)),
    ).toEqual(before);
    const { corrections } = listed.parse(JSON.parse((await run("learned", "--json")).stdout));
    expect(corrections.map(({ status }) => status)).toEqual(["pending"]);
  });

  test("survives a torn line at the end of the journal, which is reported", async () => {
    const { home, run, json } = shell("torn");
    const lesson = taught.parse(await json("teach", PROMPT, "--wanted", WANTED));
    const folder = join(home, "ouro-home", "journal");
    const [segment = ""] = readdirSync(folder);
    appendFileSync(join(folder, segment), '{"kind":"correction","v":1,"at":"20');
    const list = await run("learned", "--json");
    expect(list.code).toBe(0);
    expect(list.stderr).toMatch(/^ouro: .*ended in half a record.*\n$/);
    expect(listed.parse(JSON.parse(list.stdout)).corrections.map(({ id }) => id)).toEqual([
      lesson.correctionId,
    ]);
    await run("undo");
    expect(
      readFileSync(join(folder, segment), "utf8")
        .split("\n")
        .every((line) => line === "" || line.endsWith("}")),
    ).toBe(true);
  });

  test("of what the model wrote anyway is refused", async () => {
    const { run } = shell("nothing-new");
    const { code, stderr } = await run("teach", PROMPT, "--wanted", "same", "--proposed", "same");
    expect(code).toBe(1);
    expect(stderr).toBe("ouro: the correction is what the model wrote; there is nothing to learn\n");
  });
});

describe("a completion", () => {
  test("comes from an argument, a pipe or a place in a file alike", async () => {
    const { home, run } = shell("sources");
    const options = ["--tokens", "8", "--model", model];
    const piped = await runCli({ args: ["complete", ...options], home, input: PROMPT });
    expect(piped.code).toBe(0);
    expect((await run("complete", PROMPT, "--tokens", "8")).stdout).toBe(piped.stdout);
  });

  test("is the same for a seed and differs between seeds", async () => {
    const { json } = shell("seeds");
    const draw = async (seed: string) =>
      completed.parse(await json("complete", PROMPT, "--tokens", "12", "--temperature", "1", "--seed", seed))
        .tokens;
    const first = await draw("7");
    expect(await draw("7")).toEqual(first);
    expect(await draw("8")).not.toEqual(first);
  });
});
