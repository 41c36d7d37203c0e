/** Where what answers is not what was chosen or taught, the daemon and the commands say so, and nothing is written over. */

import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { locateDataHome } from "../../daemon/src/base/dataHome.js";
import { encodeLine } from "../../daemon/src/journal/line.js";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

let scratch: ReturnType<typeof scratchFolder>;
let folder: string;
const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path, folder });
const home = () => locateDataHome({ OURO_HOME: join(scratch.path, "ouro-home") });
const journal = () => join(home().journal, "000001.jsonl");

beforeEach(async () => {
  scratch = scratchFolder();
  folder = join(scratch.path, "shop");
  mkdirSync(join(folder, ".git"), { recursive: true });
});
afterEach(async () => {
  await ouro("stop");
  scratch.remove();
});

/** What the daemon says of itself after a completion in the folder. */
async function stateAfterCompleting() {
  expect((await ouro("start")).code).toBe(0);
  const { code, stderr } = await ouro("complete", "const total = ", "--tokens", "2");
  const { stdout } = await ouro("status", "--json");
  return { code, stderr, state: JSON.parse(stdout) };
}

describe("a model was chosen", () => {
  beforeEach(async () => {
    const model = await writeTinyModel(join(scratch.path, "mine"));
    expect((await ouro("model", "use", model)).code).toBe(0);
  });

  test.each([
    ["cut", (text: string) => text.slice(0, text.length / 2)],
    ["emptied", () => ""],
    ["of a newer version that cannot be read", () => JSON.stringify({ v: 2, models: [] })],
  ])("and the catalog is %s: told, kept, and mended by choosing again", async (_name, damage) => {
    const damaged = damage(readFileSync(home().catalog, "utf8"));
    writeFileSync(home().catalog, damaged);
    const alone = await ouro("complete", "const total = ", "--tokens", "2");
    expect(alone.stderr).toContain("the embedded one answers");
    const { state, stderr } = await stateAfterCompleting();
    expect(state.model).toMatchObject({ kind: "ready", isEmbedded: true });
    expect(state.notices.join()).toContain("the embedded one answers");
    expect(stderr).toContain("the embedded one answers");
    expect(readFileSync(home().catalog, "utf8")).toBe(damaged);
  });

  test("and the catalog has more in it than this version knows: the choice is obeyed", async () => {
    const known = JSON.parse(readFileSync(home().catalog, "utf8"));
    const newer = JSON.stringify({ ...known, v: 2, tags: [] });
    writeFileSync(home().catalog, newer);
    const { state } = await stateAfterCompleting();
    expect(state).toMatchObject({ model: { kind: "ready", isEmbedded: false }, notices: [] });
    expect(readFileSync(home().catalog, "utf8")).toBe(newer);
    const { code, stderr } = await ouro("model", "use", "embedded");
    expect(code).toBe(1);
    expect(stderr).toContain("newer version of Ouroboros");
  });
});

describe("something was taught", () => {
  beforeEach(async () => {
    const model = await writeTinyModel(join(scratch.path, "mine"));
    expect((await ouro("model", "use", model)).code).toBe(0);
    expect((await ouro("teach", "const a = ", "--wanted", "one();")).code).toBe(0);
  });

  test("and the journal is of a newer version: the project is told of as failed", async () => {
    const [line = ""] = readFileSync(journal(), "utf8").split("\n");
    const record = JSON.parse(line.slice(line.indexOf(" ") + 1));
    const newer = encodeLine({ ...record, v: 99 });
    writeFileSync(journal(), newer);
    const { state, code, stderr } = await stateAfterCompleting();
    expect(code).toBe(1);
    expect(stderr).toContain("newer version");
    const { stdout } = await ouro("status", "--json");
    expect(state.model.kind).toBe("ready");
    expect(JSON.parse(stdout).projects).toMatchObject([
      { adapterVersion: 0, learning: { kind: "failed", code: "journal-newer" } },
    ]);
    expect(readFileSync(journal())).toEqual(newer);
  });

  test("and the journal was emptied: told, and what was learned is kept", async () => {
    truncateSync(journal());
    const { state } = await stateAfterCompleting();
    expect(state.notices.join()).toContain("emptied or replaced");
  });
});
