/** A model from nothing, in one command: what comes out, what a kill costs (nothing), and what bad input is told. */

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { loggedSteps, type RunOptions, runCli, scratchFolder } from "./support/cli.js";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const scratch = scratchFolder();
const at = (...names: readonly string[]) => join(scratch.path, ...names);

const STEPS = 120;
/** Of the run below, nats per token. An untrained model has 6.93, one that knows how frequent tokens are about 5.6. */
const VALIDATION_LOSS_MAX = 3.6;

const config = {
  description: "A tiny model of this project's own sources.",
  model: { layers: 2, width: 64, vocabularySize: 1024 },
  corpus: at("recipe.json"),
  tokensPerStep: 1024,
  stages: [
    { contextTokens: 128, steps: STEPS / 2 },
    { contextTokens: 256, steps: STEPS / 2 },
  ],
  learningRate: { peak: 0.006, warmupSteps: 10, decaySteps: 40, endShare: 0.1 },
  optimizer: {
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-18,
    weightDecay: 0.01,
    clip: 1,
    groups: "official",
    muon: { momentum: 0.95, learningRateScale: 1, weightDecay: 0.01 },
  },
  mix: {
    fill: 0.3,
    fillAtTokens: 0.5,
    hints: 0.5,
    edit: 0.05,
    chat: 0.05,
    renamed: 0.1,
    split: 0.05,
    headers: 0.5,
  },
  guard: { lossAbove: 2, gradientNormTimes: 10 },
  averaging: { decay: 0.9 },
  l2wrap: false,
  seed: 3,
  // Saved after every second or so, so that a killed run has something to go on from.
  saveEveryMinutes: 0.02,
};

function writeConfig(name: string, changed: object = {}): string {
  const path = at(`${name}.json`);
  writeFileSync(path, JSON.stringify({ ...config, ...changed }));
  return path;
}

interface Training extends Partial<RunOptions> {
  readonly output: string;
  readonly config?: string;
  readonly more?: readonly string[];
}

function pretrain({ output, more = [], config: path = at("config.json"), ...how }: Training) {
  const args = ["train", "pretrain", "--config", path, "--output", at(output), "--corpus", at("corpus")];
  return runCli({ args: [...args, "--json", ...more], home: scratch.path, ...how });
}

const loggedSchema = z.object({ step: z.int(), loss: z.number(), gradientNorm: z.number() });
const validationSchema = z.object({ step: z.int(), validationLoss: z.number() });

function logged<T>(output: string, schema: z.ZodType<T>): T[] {
  return readFileSync(at(output, "losses.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .flatMap((line) => schema.safeParse(JSON.parse(line)).data ?? []);
}

const hashOf = (output: string) =>
  createHash("sha256")
    .update(readFileSync(at(output, "model.safetensors")))
    .digest("hex");

beforeAll(async () => {
  for (const folder of ["daemon/src", "native/lib", "configs/src"])
    cpSync(join(root, folder), at("code", folder), { recursive: true });
  for (const file of ["LICENSE", "package.json"]) cpSync(join(root, file), at("code", file));
  const recipe = {
    name: "own",
    description: "This project's own sources.",
    exclude: ["**/*.test.ts"],
    excludedPackages: [],
    validEvery: 12,
    packages: [{ name: "ouroboros", folder: "code", licence: "Apache-2.0", include: ["**/*.ts"] }],
  };
  writeFileSync(at("recipe.json"), JSON.stringify(recipe));
  writeConfig("config");
  const ran = await pretrain({ output: "undisturbed" });
  expect(ran.stderr).not.toContain("ouro: ");
  expect(ran.code).toBe(0);
}, 300_000);
afterAll(scratch.remove);

describe("a model from nothing", { timeout: 300_000 }, () => {
  test("learns: the loss on text it has not read reaches what it should", () => {
    const losses = logged("undisturbed", loggedSchema);
    expect(losses.map(({ step }) => step)).toEqual([...Array(STEPS).keys()]);
    expect(losses[0]?.loss).toBeGreaterThan(6.5);
    expect(logged("undisturbed", validationSchema).at(-1)?.validationLoss).toBeLessThan(VALIDATION_LOSS_MAX);
  });

  test("leaves a model that answers, with its vocabulary, its configuration and TensorBoard's file beside it", async () => {
    const files = readdirSync(at("undisturbed"));
    expect(files).toEqual(expect.arrayContaining(["config.json", "model.safetensors", "vocab.txt"]));
    expect(files.some((file) => file.startsWith("events.out.tfevents."))).toBe(true);
    const model = at("undisturbed", "model.safetensors");
    const args = ["complete", "import { join } from ", "--model", model, "--tokens", "8", "--json"];
    const answer = await runCli({ args, home: scratch.path });
    expect(answer.code).toBe(0);
    expect(z.object({ text: z.string() }).parse(JSON.parse(answer.stdout)).text).not.toBe("");
  });

  test("is the same after kills at any moment, loss by loss and bit by bit", async () => {
    for (const share of [0, 1 / 4, 1 / 2]) {
      const killWhen = () => loggedSteps(at("killed")) > share * STEPS;
      const killed = await pretrain({ output: "killed", more: ["--resume"], killWhen });
      expect(killed).toMatchObject({ code: null, stdout: "" });
    }
    const resumed = await pretrain({ output: "killed", more: ["--resume"] });
    expect(resumed.code).toBe(0);
    expect(logged("killed", loggedSchema)).toEqual(logged("undisturbed", loggedSchema));
    expect(hashOf("killed")).toBe(hashOf("undisturbed"));
  });

  test("stops at Ctrl-C with everything saved, and is begun anew only when asked to", async () => {
    const stopped = await pretrain({ output: "stopped", interruptWhen: /^train .*tokens\/s/m });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(
      /Stopped; step \d+ of 120 is kept, and the same command with --resume goes on\./,
    );
    expect(existsSync(at("stopped", "model.safetensors"))).toBe(true);
    const again = await pretrain({ output: "stopped" });
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(
      /there is a run in .*stopped; go on with it \(--resume\), train anew \(--restart\)/,
    );
    const resumed = await pretrain({ output: "stopped", more: ["--resume"] });
    expect(resumed.code).toBe(0);
    expect(hashOf("stopped")).toBe(hashOf("undisturbed"));
  });

  test("anneals from any point: stages and rates may change, the model and its text may not", async () => {
    await pretrain({ output: "annealed", interruptWhen: /^train .*tokens\/s/m });
    const done = logged("annealed", loggedSchema).length;
    const stages = [{ contextTokens: 128, steps: done + 5 }];
    const shorter = writeConfig("shorter", {
      stages,
      learningRate: { ...config.learningRate, decaySteps: 5 },
    });
    const ended = await pretrain({ output: "annealed", config: shorter, more: ["--resume"] });
    expect(ended.code).toBe(0);
    expect(logged("annealed", loggedSchema).length).toBe(done + 5);
    const other = writeConfig("other", { model: { ...config.model, layers: 3 } });
    const refused = await pretrain({ output: "annealed", config: other, more: ["--resume"] });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/was begun with another model; restore it, or train anew \(--restart\)/);
  });

  test.each(["start", "--start"])("goes on from a model's weights alone, named by %s", async (how) => {
    const model = at("undisturbed");
    const further = writeConfig("further", {
      ...(how === "start" ? { start: model } : {}),
      stages: [{ contextTokens: 128, steps: 4 }],
      learningRate: { peak: 0.0001, warmupSteps: 1, decaySteps: 0, endShare: 1 },
    });
    const more = ["--restart", ...(how === "--start" ? [how, model] : [])];
    const ran = await pretrain({ output: "further", config: further, more });
    expect(ran.code).toBe(0);
    expect(logged("further", loggedSchema)[0]?.loss).toBeLessThan(VALIDATION_LOSS_MAX + 0.5);
    expect(readFileSync(at("further", "config.json"), "utf8")).not.toContain(model);
  });
});

describe("bad input", { timeout: 300_000 }, () => {
  test("an unknown key of the configuration is named", async () => {
    const ran = await pretrain({ output: "no", config: writeConfig("typo", { learningrate: 1 }) });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/typo\.json is not valid:[\s\S]*learningrate/);
  });

  test("a configuration that is not there: the shipped ones are named", async () => {
    const ran = await pretrain({ output: "no", config: at("missing.json") });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/there is no training configuration .*missing\.json; shipped are: embedded/);
  });

  test("a start that is no folder of a model", async () => {
    const ran = await pretrain({ output: "no", more: ["--start", at("nowhere")] });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /nowhere has no vocab\.txt; start from a folder with model\.safetensors and vocab/,
    );
  });

  test("a vocabulary without one of the bytes", async () => {
    mkdirSync(at("lacking"));
    const lines = readFileSync(at("undisturbed", "vocab.txt"), "utf8").split("\n");
    writeFileSync(at("lacking", "vocab.txt"), lines.filter((line) => !line.startsWith("43 ")).join("\n"));
    const ran = await pretrain({ output: "lacking" });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/has no token for the byte 0x2a, so it cannot write every text/);
  });

  test("numbers that are none end the run, and the last good state stays", async () => {
    await pretrain({ output: "diverged", interruptWhen: /^train .*tokens\/s/m });
    const before = readFileSync(at("diverged", "state.safetensors"));
    const wild = writeConfig("wild", {
      learningRate: { peak: 1e30, warmupSteps: 0, decaySteps: 0, endShare: 1 },
      guard: undefined,
    });
    const ran = await pretrain({ output: "diverged", config: wild, more: ["--resume"] });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /training diverged at step \d+: .*lower the learning rate and resume from the last saved state/,
    );
    expect(readFileSync(at("diverged", "state.safetensors")).equals(before)).toBe(true);
    const resumed = await pretrain({ output: "diverged", more: ["--resume"] });
    expect(resumed.code).toBe(0);
    expect(hashOf("diverged")).toBe(hashOf("undisturbed"));
  });

  test.skipIf(process.platform === "win32")(
    "a disk that is full ends the run with the last good state in place",
    async () => {
      await pretrain({ output: "full", interruptWhen: /^train .*tokens\/s/m });
      const before = readFileSync(at("full", "state.safetensors"));
      const fileBytesMax = 1024 * Math.floor(before.length / 2 / 1024);
      const ran = await pretrain({ output: "full", more: ["--resume"], fileBytesMax });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(
        /the training state could not be written to .*state\.safetensors; make room there/,
      );
      expect(readFileSync(at("full", "state.safetensors")).equals(before)).toBe(true);
      const resumed = await pretrain({ output: "full", more: ["--resume"] });
      expect(resumed.code).toBe(0);
      expect(hashOf("full")).toBe(hashOf("undisturbed"));
    },
  );
});
