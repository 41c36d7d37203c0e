import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { correctionRecord } from "../../test/records.js";
import { type Journal, openJournal } from "./journal.js";
import { encodeLine, LINE_BYTES_MAX } from "./line.js";
import { RECORD_VERSION } from "./records.js";
import { readJournal } from "./segments.js";

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ouro-journal-"));
  folder = join(root, "journal");
  mkdirSync(folder);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (segmentBytesMax?: number) =>
  openJournal({
    folder,
    lockFolder: join(root, "lock"),
    onRecord: () => undefined,
    ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
  });

async function write(ids: readonly string[], segmentBytesMax?: number): Promise<void> {
  const journal = await open(segmentBytesMax);
  for (const id of ids) await journal.append(correctionRecord({ id }));
  await journal.close();
}

async function read() {
  const ids: string[] = [];
  const { damage } = await readJournal({
    folder,
    onRecord: (record) => ids.push(record.kind === "correction" ? record.id : record.kind),
  });
  return { ids, damage };
}

const first = () => join(folder, "000001.jsonl");

it("reads records back in order, also across segments", async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `c${index}`);
  await write(ids, 1000);
  expect(readdirSync(folder).length).toBeGreaterThan(3);
  expect(await read()).toEqual({ ids, damage: [] });
});

it("goes on in the newest segment when it is opened again", async () => {
  await write(["a"]);
  await write(["b"]);
  expect(await read()).toEqual({ ids: ["a", "b"], damage: [] });
});

it("keeps the order of appends that were not awaited", async () => {
  const journal = await open();
  const ids = Array.from({ length: 50 }, (_, index) => `c${index}`);
  await Promise.all(ids.map((id) => journal.append(correctionRecord({ id }))));
  await journal.close();
  expect((await read()).ids).toEqual(ids);
});

it("refuses appends once it is closed, and closes twice", async () => {
  const journal = await open();
  await journal.close();
  await journal.close();
  await expect(journal.append(correctionRecord())).rejects.toMatchObject({ code: "journal-write" });
});

it("drops, reports and cuts a tail torn at any byte, and goes on after it", async () => {
  await write(["a", "b"]);
  const whole = readFileSync(first());
  const start = whole.indexOf("\n") + 1;
  for (let length = start; length < whole.length; length++) {
    writeFileSync(first(), whole);
    truncateSync(first(), length);
    const { ids, damage } = await read();
    expect(ids).toEqual(["a"]);
    expect(damage.map((found) => [found.kind, found.line, found.bytes])).toEqual(
      length === start ? [] : [["torn", 2, length - start]],
    );
    await write(["c"]);
    expect(await read()).toEqual({ ids: ["a", "c"], damage: [] });
  }
});

it("cuts a torn tail that is longer than the search block", async () => {
  await write(["a"]);
  appendFileSync(first(), "x".repeat(200_000));
  const journal = await open();
  expect(journal.damage).toMatchObject([{ kind: "torn", line: 2, bytes: 200_000 }]);
  await journal.append(correctionRecord({ id: "b" }));
  await journal.close();
  expect(await read()).toEqual({ ids: ["a", "b"], damage: [] });
});

it("names file and line of corruption in the middle and keeps what follows", async () => {
  await write(["a", "b", "c"]);
  const lines = readFileSync(first(), "utf8").split("\n");
  lines[1] = lines[1]?.replace("logger", "lagger") ?? "";
  writeFileSync(first(), lines.join("\n"));
  const { ids, damage } = await read();
  expect(ids).toEqual(["a", "c"]);
  expect(damage).toMatchObject([{ kind: "corrupt", file: first(), line: 2 }]);
  await write(["d"]);
  expect((await read()).ids).toEqual(["a", "c", "d"]);
});

it("passes over an over-long line without holding it, and keeps what follows", async () => {
  await write(["a"]);
  appendFileSync(first(), `${"x".repeat(3 * LINE_BYTES_MAX)}\n`);
  await write(["b"]);
  const { ids, damage } = await read();
  expect(ids).toEqual(["a", "b"]);
  expect(damage).toMatchObject([{ kind: "too-long", line: 2, bytes: 3 * LINE_BYTES_MAX }]);
});

it("reports a missing segment and a torn older one", async () => {
  await write(["a", "b", "c"], 1);
  unlinkSync(join(folder, "000002.jsonl"));
  appendFileSync(first(), "half");
  const { ids, damage } = await read();
  expect(ids).toEqual(["a", "c"]);
  expect(damage).toMatchObject([
    { kind: "corrupt", file: first(), line: 2 },
    { kind: "missing", file: join(folder, "000002.jsonl") },
  ]);
});

it("refuses a journal of a newer version instead of misreading it", async () => {
  await write(["a"]);
  const newer = JSON.parse(JSON.stringify({ ...correctionRecord(), v: RECORD_VERSION + 1 }));
  appendFileSync(first(), encodeLine(newer));
  await expect(open()).rejects.toMatchObject({ code: "journal-newer" });
  await expect(read()).rejects.toMatchObject({ code: "journal-newer" });
});

it("ignores files that are no segments", async () => {
  await write(["a"]);
  writeFileSync(join(folder, "notes.txt"), "x");
  writeFileSync(join(folder, "000001.jsonl.abc.tmp"), "x");
  expect(await read()).toEqual({ ids: ["a"], damage: [] });
});

it("is empty where the folder is missing", async () => {
  rmSync(folder, { recursive: true });
  expect(await read()).toEqual({ ids: [], damage: [] });
});

it("lets one writer in at a time", async () => {
  const journal: Journal = await open();
  await expect(open()).rejects.toMatchObject({
    code: "journal-busy",
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await journal.close();
  await write(["a"]);
});

it("gives the lock back when opening fails", async () => {
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "a file where the folder should be");
  await expect(open()).rejects.toMatchObject({ code: "journal-read" });
  rmSync(folder);
  mkdirSync(folder);
  await write(["a"]);
});
