import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LOG_FILE, openLog } from "./logFile.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lines = () =>
  readFileSync(join(folder, LOG_FILE), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const isWritten = (text: string) =>
  readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(text));

it("writes one line of JSON per event, with the process and the time, and is private", async () => {
  const log = openLog({ folder, level: "info" });
  log.info({ completionId: "c-1", tokens: 3, isPaused: true, code: null }, "completed");
  log.debug({ tokens: 4 }, "not at this level");
  await log.close();
  expect(lines()).toEqual([
    {
      level: 30,
      time: expect.any(Number),
      pid: process.pid,
      completionId: "c-1",
      tokens: 3,
      isPaused: true,
      code: null,
      msg: "completed",
    },
  ]);
  if (process.platform !== "win32") expect(statSync(join(folder, LOG_FILE)).mode & 0o777).toBe(0o600);
});

it("cannot hold what a user wrote, wherever somebody puts it", async () => {
  const secret = "password123";
  const log = openLog({ folder, level: "debug" });
  const error = Object.assign(
    new SyntaxError(`Unexpected token, "${secret}\n    at ${secret}" is not valid JSON`),
    {
      path: secret,
    },
  );
  log.warn({ text: secret, prefix: secret, code: `${secret} ${secret}`, phase: `${secret}\n` }, "event");
  log.warn(
    { nested: { text: secret }, list: [secret], error, cause: new Error("x", { cause: error }) },
    "event",
  );
  log.warn({ completionId: `${secret}(${secret})`, msg: secret, correctionId: "x".repeat(65) }, "event");
  await log.close();
  const written = readFileSync(join(folder, LOG_FILE), "utf8");
  expect(written).not.toContain(secret);
  expect(lines()).toHaveLength(3);
  expect(lines()[1]).toMatchObject({
    error: { name: "SyntaxError", stack: expect.any(Array) },
    msg: "event",
  });
  expect(lines()[1].error.stack[0]).toMatch(/^at .*logFile\.test\.ts/);
});

it("names a project by its digest, not by its folder", async () => {
  const log = openLog({ folder, level: "info" });
  log.info({ project: "secret-shop-0123456789ab" }, "event");
  log.info({ project: "secret-shop" }, "event");
  await log.close();
  expect(lines().map(({ project }) => project)).toEqual(["0123456789ab", undefined]);
});

it("keeps five files at most, none much larger than a mebibyte", async () => {
  // A daemon writes a few lines a second: each burst is on disk before the next, so that files are changed in between.
  const log = openLog({ folder, level: "info" });
  for (let burst = 0; burst < 16; burst += 1) {
    for (let index = 0; index < 4_000; index += 1) {
      log.info({ burst, index, completionId: "0123456789".repeat(6) }, "event");
    }
    log.info({ burst, isLast: true }, "event");
    await vi.waitFor(() => expect(isWritten(`"burst":${burst},"isLast":true`)).toBe(true), 20_000);
  }
  await log.close();
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)));
  expect(sizes.length).toBe(5);
  for (const { size, mode } of sizes) {
    expect(size).toBeLessThan(2 * 2 ** 20);
    if (process.platform !== "win32") expect(mode & 0o077).toBe(0);
  }
});

it("closes twice, and takes no harm from a folder that is gone", async () => {
  const log = openLog({ folder: join(folder, "gone", "deep"), level: "info" });
  rmSync(folder, { recursive: true, force: true });
  log.info({}, "event");
  await expect(log.close()).resolves.toBeUndefined();
  await expect(log.close()).resolves.toBeUndefined();
});
