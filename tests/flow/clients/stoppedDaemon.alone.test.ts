/** A daemon that was stopped takes connections and answers nobody: who asks is told so within three seconds. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lockHolder } from "../../../daemon/src/base/processLock.js";
import { EXIT_DAEMON_STOPPED } from "../../../daemon/src/protocol/handshake.js";
import { startDaemon } from "./cutRounds.js";

/** With what a command takes to start. */
const TOLD_MS_MAX = 3_000;

let daemon: Awaited<ReturnType<typeof startDaemon>>;
beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(() => daemon.end());

const stopped = () =>
  `the daemon (process ${daemon.pid}) is stopped and cannot answer; \`kill -CONT ${daemon.pid}\` lets it go on, \`kill -KILL ${daemon.pid}\` ends it`;

/** The daemon goes on afterwards. */
async function whileStopped(act: () => Promise<void>): Promise<void> {
  process.kill(daemon.pid, "SIGSTOP");
  try {
    await act();
  } finally {
    process.kill(daemon.pid, "SIGCONT");
  }
}

async function expectTold(args: readonly string[]): Promise<void> {
  // Clients of `ouro lsp` need not try it again at once.
  const failed = args[0] === "lsp" ? EXIT_DAEMON_STOPPED : 1;
  const startedMs = performance.now();
  const { code, stderr } = await daemon.ouro(...args);
  const tookMs = performance.now() - startedMs;
  expect({ code, stderr }).toEqual({ code: failed, stderr: `ouro: ${stopped()}\n` });
  expect(tookMs).toBeLessThan(TOLD_MS_MAX);
}

const COMMANDS = [
  ["start"],
  ["status"],
  ["lsp"],
  ["learned"],
  ["complete", "a"],
  ["teach", "a", "--wanted", "b"],
];

describe.skipIf(process.platform === "win32")("a stopped daemon", () => {
  test.for(COMMANDS.map((args) => ({ args })))("is told by ouro $args", async ({ args }) => {
    await whileStopped(() => expectTold(args));
    expect((await daemon.http.health()).pid).toBe(daemon.pid);
  });

  test("is told by ouro stop, and ends once it goes on", async () => {
    await whileStopped(() => expectTold(["stop"]));
    await expect.poll(() => lockHolder(daemon.runtime.lock)).toBeUndefined();
  });
});
