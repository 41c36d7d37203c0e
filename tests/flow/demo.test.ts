/** The demo proves itself on the running daemon and the shipped model, says the same every time, and takes back what it taught. */

import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runCli, scratchFolder } from "./support/cli.js";

const scratch = scratchFolder();
afterAll(async () => {
  await runCli({ args: ["stop"], home: scratch.path });
  scratch.remove();
});

const demo = (...args: readonly string[]) => runCli({ args: ["demo", ...args], home: scratch.path });

describe("the demo", () => {
  test("learns, completes right and un-learns, the same every time", async () => {
    const [first, second] = [await demo(), await demo()];
    expect(first.code).toBe(0);
    const timeless = (text: string) => text.replaceAll(/[\d.]+ (?:s|min)\b/g, "_ s");
    // The first one also found the catalog empty.
    const shared = (text: string) => timeless(text).replace(/ +catalog\.json .*\n/, "");
    expect(shared(second.stdout)).toBe(shared(first.stdout));
    expect(first.stdout).toContain("Proven:");
    expect(`${first.stdout}${first.stderr}`).not.toContain("\x1b");
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

  test("interrupted halfway, takes back what it taught", async () => {
    const ran = await runCli({ args: ["demo"], home: scratch.path, interruptWhen: /step 2/ });
    expect(ran.code).toBe(130);
    const again = await demo("--json");
    expect(again.code).toBe(0);
  });
});
