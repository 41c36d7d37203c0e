/** `ouro model info --quant` from the shell: what smaller types of weights cost, as a table and as JSON. */

import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
let model: string;
beforeAll(async () => {
  model = await writeTinyModel(join(scratch.path, "model"));
});
afterAll(scratch.remove);

const info = z.object({
  layers: z.literal(2),
  quant: z
    .object({
      positions: z.int(),
      types: z.array(
        z.object({
          weights: z.string(),
          bytes: z.int(),
          divergence: z.number(),
          maxDivergence: z.number(),
          sameBest: z.number(),
          kinds: z.array(z.object({ kind: z.string(), mean: z.number(), worst: z.number() })),
        }),
      ),
    })
    .optional(),
});

const run = (...args: readonly string[]) =>
  runCli({ args: ["model", "info", model, ...args], home: scratch.path });

test("--quant --json adds the figures of each type to what is said of the model", async () => {
  const { code, stdout } = await run("--quant", "--json");
  expect(code).toBe(0);
  const { quant } = info.parse(JSON.parse(stdout));
  expect(quant?.types.map(({ weights }) => weights)).toEqual(["bf16", "q8", "q4"]);
  expect(quant?.types[0]?.kinds.map(({ kind }) => kind)).toContain("ffn.value");
});

test("without --quant nothing is measured", async () => {
  const { code, stdout } = await run("--json");
  expect(code).toBe(0);
  expect(info.parse(JSON.parse(stdout)).quant).toBeUndefined();
});

test("the table follows the model's, progress goes to stderr", async () => {
  const { code, stdout, stderr } = await run("--quant");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^layers +2$[\s\S]*^q8 .* nats on average/m);
  expect(stderr).toMatch(/^measure /m);
});

test("Ctrl-C ends it with the code of an interruption and no table", async () => {
  const { code, stdout } = await runCli({
    args: ["model", "info", model, "--quant"],
    home: scratch.path,
    interruptWhen: /measure /,
  });
  expect(code).toBe(130);
  expect(stdout).toBe("");
});
