/** A journal whose files were deleted, moved, replaced or changed under its writer: nothing more is acknowledged. */

import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { correctionRecord } from "../../test/records.js";
import { lockHolder } from "../base/processLock.js";
import { openJournal } from "./journal.js";
import { readJournal } from "./segments.js";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "ouro-lost-"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const home = () => join(scratch, "home");
const folder = () => join(home(), "journal");
const segment = () => join(folder(), "000001.jsonl");
const lockFolder = () => join(home(), "runtime", "learning.lock");
const moved = () => join(scratch, "moved");

function open(onLost: (error: Error) => void = () => undefined) {
  mkdirSync(folder(), { recursive: true });
  mkdirSync(join(home(), "runtime"), { recursive: true });
  return openJournal({ folder: folder(), lockFolder: lockFolder(), onRecord: () => undefined, onLost });
}

async function idsIn(journal: string): Promise<readonly string[]> {
  const ids: string[] = [];
  const onRecord = (record: { readonly kind: string; readonly id?: string }) => ids.push(record.id ?? "");
  await readJournal({ folder: journal, onRecord });
  return ids;
}

describe("nothing more is acknowledged once", () => {
  test.each<[string, () => void]>([
    ["the home was deleted", () => rmSync(home(), { recursive: true })],
    ["the home was moved", () => renameSync(home(), moved())],
    [
      "the home was replaced by an empty one",
      () => {
        renameSync(home(), moved());
        mkdirSync(folder(), { recursive: true });
      },
    ],
    [
      "the home was replaced by a copy of itself",
      () => {
        renameSync(home(), moved());
        cpSync(moved(), home(), { recursive: true });
      },
    ],
    ["the journal's folder was deleted", () => rmSync(folder(), { recursive: true })],
    ["the journal's folder was moved", () => renameSync(folder(), moved())],
    [
      "the journal's folder was replaced by a copy",
      () => {
        renameSync(folder(), moved());
        cpSync(moved(), folder(), { recursive: true });
      },
    ],
    ["the segment was deleted", () => rmSync(segment())],
    [
      "the segment was replaced by a copy",
      () => {
        cpSync(segment(), moved());
        renameSync(moved(), segment());
      },
    ],
    ["the segment was emptied", () => truncateSync(segment())],
    ["the segment was written to", () => appendFileSync(segment(), "0123456789abcdef {}\n")],
    ["the folder of locks was deleted", () => rmSync(join(home(), "runtime"), { recursive: true })],
    ["the lock's file was deleted", () => rmSync(`${lockFolder()}.held`)],
  ])("%s", async (_what, happen) => {
    const lost: Error[] = [];
    const journal = await open((error) => lost.push(error));
    await journal.append(correctionRecord({ id: "before" }));
    happen();
    const left = existsSync(segment()) ? readFileSync(segment(), "utf8") : undefined;
    for (const id of ["after", "again"]) {
      await expect(journal.append(correctionRecord({ id }))).rejects.toMatchObject({
        code: "home-replaced",
        message: expect.stringContaining(segment()),
      });
    }
    await expect(journal.mustBeOurs()).rejects.toMatchObject({ code: "home-replaced" });
    expect(lost).toMatchObject([{ code: "home-replaced" }]);
    await journal.close();
    expect(existsSync(segment()) ? readFileSync(segment(), "utf8") : undefined).toBe(left);
  });
});

it("finds out without being written to", async () => {
  const lost = new Promise((resolve) => void open(resolve));
  await expect.poll(() => existsSync(segment())).toBe(true);
  renameSync(folder(), moved());
  expect(await lost).toMatchObject({ code: "home-replaced" });
});

it("leaves a second writer in the home that took its place alone", async () => {
  const first = await open();
  await first.append(correctionRecord({ id: "first" }));
  renameSync(home(), moved());
  const second = await open();
  await second.append(correctionRecord({ id: "second" }));
  await expect(first.append(correctionRecord({ id: "lost" }))).rejects.toMatchObject({
    code: "home-replaced",
  });
  await first.close();
  expect(await lockHolder(lockFolder())).toMatchObject({ pid: process.pid });
  await second.append(correctionRecord({ id: "third" }));
  await second.close();
  expect(await idsIn(folder())).toEqual(["second", "third"]);
  expect(await idsIn(join(moved(), "journal"))).toEqual(["first"]);
});

it.runIf(process.platform !== "win32")(
  "refuses a pipe or device as a segment, and waits for neither",
  async () => {
    mkdirSync(folder(), { recursive: true });
    execFileSync("mkfifo", [segment()]);
    await expect(open()).rejects.toMatchObject({
      code: "journal-read",
      message: expect.stringMatching(/000001\.jsonl is a pipe/),
    });
    rmSync(segment());
    writeFileSync(segment(), "");
    await (await open()).close();
  },
);
