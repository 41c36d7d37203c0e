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

  test("refuse to teach in another process, and say which one holds the journal", async () => {
    const refused = await ouro("teach", TEXT, "--wanted", WANTED, "--threads", "1");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/process \d+/);
  });
});
