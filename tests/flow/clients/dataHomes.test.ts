/** One daemon per data home, whatever a client's environment and however long the home's path; and private whatever the umask. */

import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli, scratchFolder } from "../support/cli.js";
import { writeTinyModel } from "../support/tinyModel.js";

let scratch: ReturnType<typeof scratchFolder>;
let folder: string;
beforeEach(() => {
  scratch = scratchFolder();
  folder = join(scratch.path, "shop");
  mkdirSync(join(folder, ".git"), { recursive: true });
});
afterEach(() => scratch.remove());

describe.skipIf(process.platform === "win32")("a data home", () => {
  test("with a long path has one daemon, whichever runtime folder a client's environment names", async () => {
    const home = join(scratch.path, "deep".repeat(30));
    const from = (name: string) => {
      const runtime = join(scratch.path, name);
      mkdirSync(runtime, { recursive: true, mode: 0o700 });
      return (...args: readonly string[]) =>
        runCli({
          args,
          home: scratch.path,
          folder,
          environment: { OURO_HOME: home, XDG_RUNTIME_DIR: runtime },
        });
    };
    const [one, other] = [from("one"), from("other")];
    const { pid } = JSON.parse((await one("start", "--json")).stdout);
    writeFileSync(join(scratch.path, "file"), "");
    const unusable = { OURO_HOME: home, XDG_RUNTIME_DIR: join(scratch.path, "file") };
    const beside = await runCli({ args: ["start", "--json"], home: scratch.path, environment: unusable });
    expect(JSON.parse(beside.stdout)).toMatchObject({ pid });
    expect(JSON.parse((await other("status", "--json")).stdout)).toMatchObject({ pid });
    expect(JSON.parse((await other("start", "--json")).stdout)).toMatchObject({ pid });
    expect(await other("stop")).toMatchObject({ code: 0 });
    expect((await one("status")).code).toBe(3);
    // Its note is gone with it: the next one is where its own environment says.
    const next = JSON.parse((await other("start", "--json")).stdout);
    expect(JSON.parse((await one("status", "--json")).stdout)).toMatchObject({ pid: next.pid });
    expect((await one("stop")).code).toBe(0);
  });

  test.each([0o000, 0o077])(
    "is private under the umask %o, with all that is written in it",
    async (umask) => {
      const before = process.umask(umask);
      try {
        const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path, folder });
        const model = await writeTinyModel(join(scratch.path, "model"));
        const notes = join(scratch.path, "notes.txt");
        writeFileSync(notes, "export function load(name: string) {\n  return read(name);\n}\n".repeat(20));
        for (const args of [
          ["model", "import", model, "--name", "mine"],
          ["model", "use", "mine"],
          ["teach", "const a = ", "--wanted", "one();"],
          ["train", notes, "--epochs", "1"],
          ["start"],
          ["teach", "const b = ", "--wanted", "two();"],
          ["stop"],
        ]) {
          expect(await ouro(...args), args.join(" ")).toMatchObject({ code: 0 });
        }
        const home = join(scratch.path, "ouro-home");
        const open = readdirSync(home, { recursive: true, encoding: "utf8" }).filter(
          (name) => (statSync(join(home, name)).mode & 0o077) !== 0,
        );
        expect(open).toEqual([]);
        expect(statSync(home).mode & 0o077).toBe(0);
      } finally {
        process.umask(before);
      }
    },
  );
});
