import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenOnPort, listenOnSocket } from "./listen.js";

let folder: string;
let path: string;
const servers: Server[] = [];
const server = () => {
  const made = createServer();
  servers.push(made);
  return made;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ouro-listen-"));
  path = join(folder, "lsp.sock");
});
afterEach(() => {
  for (const each of servers.splice(0)) each.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(process.platform === "win32")("a socket", () => {
  it("is private, and gone when it is removed", async () => {
    const remove = await listenOnSocket(server(), path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([basename(path)]);
    remove();
    expect(existsSync(path)).toBe(false);
    remove();
  });

  it("that is another's by now stays, whatever becomes of the first", async () => {
    const first = server();
    const remove = await listenOnSocket(first, path);
    rmSync(path);
    await listenOnSocket(server(), path);
    remove();
    first.close();
    await once(first, "close");
    expect(existsSync(path)).toBe(true);
  });

  it("that a killed process has left is taken over", async () => {
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    expect(existsSync(path)).toBe(true);
    await listenOnSocket(server(), path);
  });

  it("where somebody answers is left to him", async () => {
    await listenOnSocket(server(), path);
    await expect(listenOnSocket(server(), path)).rejects.toMatchObject({
      code: "socket-taken",
      message: expect.stringContaining(path),
    });
    expect(servers[0]?.listening).toBe(true);
  });

  it("takes the place of a file that is none", async () => {
    writeFileSync(path, "");
    await listenOnSocket(server(), path);
    expect(statSync(path).isSocket()).toBe(true);
  });
});

describe("a port", () => {
  it("is the loopback address's alone", async () => {
    const one = server();
    await listenOnPort(one, 0);
    expect(one.address()).toMatchObject({ address: "127.0.0.1" });
  });

  it("that is taken is named, with the setting that changes it", async () => {
    const one = server();
    await listenOnPort(one, 0);
    const address = one.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await expect(listenOnPort(server(), port)).rejects.toMatchObject({
      code: "socket-taken",
      message: expect.stringMatching(
        new RegExp(`127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\).*ouroboros\\.http\\.port`),
      ),
    });
  });
});
