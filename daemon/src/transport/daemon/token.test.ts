import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { platformOf } from "./runtimeFolder.js";
import { createToken, isSameToken, readToken } from "./token.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-token-"));
  path = join(folder, "token");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const here = platformOf({});
const unsafe = { code: "runtime-unsafe", message: expect.stringMatching(/token is not the private file/) };

it("is new each time, private, and read back as it was made", async () => {
  const first = await createToken(path);
  const second = await createToken(path);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(second).not.toBe(first);
  expect(await readToken(path, here)).toBe(second);
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
});

it("is absent where no daemon has run", async () => {
  expect(await readToken(path, here)).toBeUndefined();
});

it.skipIf(process.platform === "win32").each([0o640, 0o604, 0o666])(
  "is not believed with mode %o",
  async (mode) => {
    await createToken(path);
    chmodSync(path, mode);
    await expect(readToken(path, here)).rejects.toMatchObject(unsafe);
  },
);

it.skipIf(process.platform === "win32")("is not believed when it is somebody else's", async () => {
  await createToken(path);
  await expect(readToken(path, { ...here, uid: (here.uid ?? 0) + 1 })).rejects.toMatchObject(unsafe);
});

it.runIf(process.getuid?.() === 0)("is not believed when it was given to somebody else", async () => {
  await createToken(path);
  chownSync(path, 12_345, 12_345);
  await expect(readToken(path, here)).rejects.toMatchObject(unsafe);
});

it.skipIf(process.platform === "win32")("is not followed to another file", async () => {
  await createToken(join(folder, "other"));
  symlinkSync(join(folder, "other"), path);
  await expect(readToken(path, here)).rejects.toMatchObject(unsafe);
});

it.each(["", "short", "x".repeat(64), "a".repeat(65), "a".repeat(1 << 20)])(
  "is not believed in another form",
  async (text) => {
    writeFileSync(path, text, { mode: 0o600 });
    await expect(readToken(path, here)).rejects.toMatchObject(unsafe);
  },
);

it("replaces a link instead of writing through it", async () => {
  writeFileSync(join(folder, "victim"), "untouched");
  symlinkSync(join(folder, "victim"), path);
  await createToken(path);
  expect(readFileSync(join(folder, "victim"), "utf8")).toBe("untouched");
});

it("equals itself and nothing else, of whatever length", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(isSameToken(a, a)).toBe(true);
      expect(isSameToken(a, b)).toBe(a === b);
    }),
  );
});
