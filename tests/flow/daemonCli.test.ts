/** Commands beside a running daemon: what teaches goes through it. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runCli, scratchFolder } from "./support/cli.js";

const TEXT = "export function firstOf(list: string[]) {\n  ";
const WANTED = "return list.at(0) ?? none();";

describe("commands beside the daemon", () => {
  const scratch = scratchFolder();
  const folder = join(scratch.path, "shop");
  const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path, folder });

  beforeAll(async () => {
    mkdirSync(join(folder, ".git"), { recursive: true });
    expect((await ouro("start")).code).toBe(0);
  });
  afterAll(async () => {
    await ouro("stop");
    scratch.remove();
  });

  test("teach through it, list and take back what was taught", async () => {
    const taught = await ouro("teach", TEXT, "--wanted", WANTED, "--json");
    const lesson = z
      .object({
        outcome: z.literal("learned"),
        correctionId: z.string(),
        writes: z.string(),
        proven: z.boolean(),
      })
      .parse(JSON.parse(taught.stdout));
    expect(lesson).toMatchObject({ writes: WANTED, proven: true });
    const listed = await ouro("learned", "--json");
    expect(JSON.parse(listed.stdout)).toMatchObject({ corrections: [{ status: "learned", wanted: WANTED }] });
    const undone = await ouro("undo", "--json");
    expect(JSON.parse(undone.stdout)).toEqual({
      correctionId: lesson.correctionId,
      retrained: 0,
      lost: [],
      restored: [],
      adapterVersion: 0,
    });
  });

  test("take back all that was taught once they are told to, and give it back", async () => {
    expect((await ouro("teach", TEXT, "--wanted", WANTED)).code).toBe(0);
    const preview = await ouro("reset", "--dry-run");
    expect(preview.stdout).toContain(`shop has taught this model: 1 correction. The newest:\n  ${WANTED}\n`);
    const unasked = await ouro("reset");
    expect([unasked.code, unasked.stderr]).toEqual([1, expect.stringContaining("--yes")]);
    const taken = await ouro("reset", "--yes", "--json");
    expect(JSON.parse(taken.stdout)).toMatchObject({ adapterVersion: 0, corrections: 1, newest: [WANTED] });
    expect((await ouro("undo")).stderr).toContain("ouro reset --undo");
    const given = await ouro("reset", "--undo", "--json");
    expect(JSON.parse(given.stdout)).toMatchObject({ adapterVersion: 2, corrections: 1 });
    expect((await ouro("undo")).code).toBe(0);
  });

  test("refuse to teach in another process, and say which one holds the journal", async () => {
    const refused = await ouro("teach", TEXT, "--wanted", WANTED, "--threads", "1");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/process \d+/);
  });
});
