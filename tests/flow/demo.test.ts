/** The demo proves itself on the shipped model, says the same every time, and leaves nothing behind. */

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { bundleCli, runCli, scratchFolder } from "./cli.js";

const scratch = scratchFolder();
const temporary = join(scratch.path, "tmp");
beforeAll(() => {
  bundleCli();
  mkdirSync(temporary);
});
afterAll(scratch.remove);

const demo = (...args: readonly string[]) =>
  runCli({ args: ["demo", ...args], home: scratch.path, environment: { TMPDIR: temporary } });

describe("the demo", () => {
  test("learns, completes right and un-learns, the same every time", async () => {
    const [first, second] = [await demo(), await demo()];
    expect(first.code).toBe(0);
    const timeless = (text: string) => text.replaceAll(/[\d.]+ (?:s|min)\b/g, "_ s");
    expect(timeless(second.stdout)).toBe(timeless(first.stdout));
    expect(first.stdout).toContain("Proven:");
    expect(`${first.stdout}${first.stderr}`).not.toContain("\x1b");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("reports the facts as JSON", async () => {
    const { stdout, stderr } = await demo("--json");
    const facts = z
      .object({ before: z.string(), wanted: z.string(), after: z.string(), restored: z.string() })
      .parse(JSON.parse(stdout));
    expect(facts.after).toBe(facts.wanted);
    expect(facts.restored).toBe(facts.before);
    expect(facts.before).not.toBe(facts.wanted);
    expect(stderr).toBe("");
  });

  test("interrupted halfway, removes what it made", async () => {
    const ran = await runCli({
      args: ["demo"],
      home: scratch.path,
      environment: { TMPDIR: temporary },
      interruptWhen: /step 2/,
    });
    expect(ran.code).toBe(130);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
