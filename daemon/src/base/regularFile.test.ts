import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashFile } from "./atomicFile.js";
import { readRegularFile, readRegularText, streamRegularFile } from "./regularFile.js";

const folder = mkdtempSync(join(tmpdir(), "ouro-regular-"));
const at = (name: string) => join(folder, name);
const onUnix = process.platform !== "win32";
const socket = createServer();

beforeAll(async () => {
  writeFileSync(at("text"), "déjà vu");
  writeFileSync(at("empty"), "");
  mkdirSync(at("folder"));
  if (!onUnix) return;
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync("pipe", at("link-to-pipe"));
  symlinkSync("text", at("link-to-text"));
  await new Promise<void>((resolve) => socket.listen(at("socket"), resolve));
});
afterAll(() => {
  socket.close();
  rmSync(folder, { recursive: true });
});

async function all(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of streamRegularFile(path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

test("a file is read whole, in parts, or as far as is asked", async () => {
  expect(await readRegularText(at("text"))).toBe("déjà vu");
  expect(await readRegularText(at("empty"))).toBe("");
  expect(await all(at("text"))).toBe("déjà vu");
  const read = async (bytes: number) => (await readRegularFile(at("text"), bytes)).toString("latin1");
  expect(await read(1)).toBe("d");
  expect(await read(9)).toHaveLength(9);
  expect(await read(1000)).toHaveLength(9);
});

test.runIf(process.platform === "linux")("of a file whose size says nothing, all is read", async () => {
  expect((await readRegularFile("/proc/self/status", 1 << 20)).toString()).toMatch(/^Name:[\s\S]+VmRSS:/);
});

test.runIf(onUnix)("a link to a file is that file", async () => {
  expect(await readRegularText(at("link-to-text"))).toBe("déjà vu");
});

test("a file or folder in its place fails as the system says", async () => {
  await expect(readRegularText(at("absent"))).rejects.toMatchObject({ code: "ENOENT", path: at("absent") });
  await expect(readRegularText(at("folder"))).rejects.toMatchObject({ code: "EISDIR" });
  await expect(readRegularText(join(at("text"), "x"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

test.runIf(onUnix).each([
  ["a pipe", "pipe", /pipe is a pipe, not a file; put what it holds into a file/],
  ["a link to a pipe", "link-to-pipe", /link-to-pipe is a pipe, not a file/],
  ["a socket", "socket", /socket is a socket or device, not a file/],
  ["a device", "/dev/zero", /\/dev\/zero is a device, not a file/],
])("%s is refused at once, whatever would read it", async (_what, name, sentence) => {
  const path = name.startsWith("/") ? name : at(name);
  for (const read of [readRegularText, hashFile, all]) {
    await expect(read(path)).rejects.toMatchObject({
      code: "not-a-file",
      message: expect.stringMatching(sentence),
    });
  }
});
