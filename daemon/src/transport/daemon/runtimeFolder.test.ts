import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { locateDataHome } from "../../base/dataHome.js";
import { writeDiscovery } from "./discovery.js";
import {
  isRuntimePrepared,
  locateRuntime,
  meetingPlace,
  type Platform,
  platformOf,
  prepareRuntime,
  type Runtime,
  usableRuntime,
} from "./runtimeFolder.js";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "ouro-runtime-"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const here = platformOf({});
const at = (root: string, platform: Platform = here) =>
  locateRuntime(locateDataHome({ OURO_HOME: root }), platform);
const linux: Platform = {
  os: "linux",
  uid: 1000,
  runtimeFolder: "/run/user/1000",
  temporaryFolder: "/tmp",
};
const deep = `/${"deep/".repeat(20)}`;

describe.skipIf(process.platform === "win32")("where", () => {
  test.each([
    ["in the data home", "/home/me/o", linux, "/home/me/o/runtime"],
    [
      "in the user's runtime folder when the home's path is long",
      deep,
      linux,
      /^\/run\/user\/1000\/ouroboros-1000-[0-9a-f]{16}$/,
    ],
    [
      "in the folder for temporary files without a runtime folder",
      deep,
      { ...linux, runtimeFolder: undefined },
      /^\/tmp\/ouroboros-1000-[0-9a-f]{16}$/,
    ],
  ])("%s", (_name, home, platform, expected) => {
    expect(at(home, platform).folder).toMatch(expected);
  });

  test("a socket's path fits into the system's field, whatever the home", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: "grapheme" }), (name) => {
        const { lspSocket, httpSocket } = at(`/home/${name.replaceAll("\0", "")}`, linux);
        for (const path of [lspSocket, httpSocket]) expect(Buffer.byteLength(path)).toBeLessThan(100);
      }),
    );
  });

  test("two homes never meet", () => {
    const other = `/${"deep/".repeat(19)}other`;
    expect(at(deep, linux).lspSocket).not.toBe(at(other, linux).lspSocket);
  });

  test("on Windows the sockets are pipes named after the home", () => {
    const windows: Platform = { ...linux, os: "win32", uid: undefined };
    expect(at("/home/a", windows).lspSocket).toMatch(/^\\\\\.\\pipe\\ouroboros-[0-9a-f]{16}-lsp$/);
    expect(at("/home/a", windows).lspSocket).not.toBe(at("/home/b", windows).lspSocket);
  });
});

describe.skipIf(process.platform === "win32")(
  "where the home holds no sockets, or another process chose",
  () => {
    const private_ = (root: string) => ({ ...here, runtimeFolder: root });

    it("the doors are in the user's runtime folder, which is private", async () => {
      const runtime = at(join(scratch, "home"), private_(scratch));
      await prepareRuntime(runtime, here);
      expect(await usableRuntime(runtime, here, async () => true)).toBe(runtime);
      const moved = await usableRuntime(runtime, here, async () => false);
      expect(moved.lspSocket.startsWith(join(scratch, "ouroboros-"))).toBe(true);
      expect(moved).toMatchObject({ lock: runtime.lock, discovery: runtime.discovery, log: runtime.log });
      expect(statSync(moved.folder).mode & 0o777).toBe(0o700);
    });

    const note = (runtime: Runtime) => ({
      pid: 1,
      startedAt: "",
      version: "0.1.0",
      protocol: { min: 1, max: 1 },
      lspSocket: runtime.lspSocket,
      httpSocket: runtime.httpSocket,
      httpPort: null,
      log: runtime.log,
    });

    it("a client goes where the daemon's note says, if that is a private folder", async () => {
      const long = join(scratch, "deep".repeat(25));
      const [a, b] = ["a", "b"].map((name) => at(long, private_(join(scratch, name))));
      if (!a || !b) throw new Error("two places");
      for (const folder of ["a", "b"]) mkdirSync(join(scratch, folder));
      await prepareRuntime(a, here);
      expect(await meetingPlace(b, here)).toBe(b);
      await writeDiscovery(a.discovery, note(a));
      expect(await meetingPlace(b, here)).toMatchObject({ lspSocket: a.lspSocket, token: a.token });
      chmodSync(a.folder, 0o755);
      expect(await meetingPlace(b, here)).toBe(b);
    });
  },
);

describe.skipIf(process.platform === "win32")("is used only when it is this user's alone", () => {
  const refused = (what: string) => ({
    code: "runtime-unsafe",
    message: expect.stringMatching(new RegExp(`^/.*/runtime ${what}.*OURO_HOME`)),
  });

  it("creates what is missing, private, and is content with it the next time", async () => {
    const runtime = at(scratch);
    expect(await isRuntimePrepared(runtime, here)).toBe(false);
    await prepareRuntime(runtime, here);
    await prepareRuntime(runtime, here);
    expect(await isRuntimePrepared(runtime, here)).toBe(true);
    expect(statSync(runtime.folder).mode & 0o777).toBe(0o700);
    expect(statSync(runtime.log).mode & 0o777).toBe(0o700);
  });

  it.each([0o770, 0o701, 0o740, 0o777])("refuses the mode %o", async (mode) => {
    const runtime = at(scratch);
    await prepareRuntime(runtime, here);
    chmodSync(runtime.folder, mode);
    await expect(prepareRuntime(runtime, here)).rejects.toMatchObject(refused("is open to other users"));
    await expect(isRuntimePrepared(runtime, here)).rejects.toMatchObject(refused("is open to other users"));
  });

  it("refuses a link, even to a private folder of this user", async () => {
    const runtime = at(join(scratch, "home"));
    mkdirSync(join(scratch, "home"));
    mkdirSync(join(scratch, "elsewhere"), { mode: 0o700 });
    symlinkSync(join(scratch, "elsewhere"), runtime.folder);
    await expect(prepareRuntime(runtime, here)).rejects.toMatchObject(refused("is a link"));
    await expect(isRuntimePrepared(runtime, here)).rejects.toMatchObject(refused("is a link"));
    expect(existsSync(join(scratch, "elsewhere", "token"))).toBe(false);
  });

  it("refuses what is no folder", async () => {
    const runtime = at(scratch);
    writeFileSync(runtime.folder, "");
    await expect(isRuntimePrepared(runtime, here)).rejects.toMatchObject(refused("is not a folder"));
  });

  it("refuses a folder of somebody else", async () => {
    const runtime = at(scratch);
    await prepareRuntime(runtime, here);
    const somebodyElse = { ...here, uid: (here.uid ?? 0) + 1 };
    await expect(prepareRuntime(runtime, somebodyElse)).rejects.toMatchObject(
      refused("belongs to another user"),
    );
  });

  it.runIf(process.getuid?.() === 0)("refuses a folder that was given to somebody else", async () => {
    const runtime = at(scratch);
    await prepareRuntime(runtime, here);
    chownSync(runtime.folder, 12_345, 12_345);
    await expect(isRuntimePrepared(runtime, here)).rejects.toMatchObject(refused("belongs to another user"));
  });

  it("says in one sentence that it cannot be created", async () => {
    writeFileSync(join(scratch, "file"), "");
    await expect(prepareRuntime(at(join(scratch, "file")), here)).rejects.toMatchObject({
      code: "runtime-unsafe",
      message: expect.stringMatching(/^cannot create .*ENOTDIR.*OURO_HOME/),
    });
  });
});
