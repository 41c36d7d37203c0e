/**
 * `ouro` as far as the transport goes, with an Assistant that has no model: the commands of the daemon as a process of
 * its own. OURO_TEST_VERSION: which version it claims to be. OURO_TEST_FAIL: why the daemon cannot start. OURO_TEST_READY_MS:
 * how long a client waits for a daemon.
 */
import type { Duplex } from "node:stream";
import { locateDataHome, prepareDataHome } from "../src/base/dataHome.js";
import { AppError } from "../src/base/errors.js";
import type { LogFile } from "../src/base/logFile.js";
import { describeError } from "../src/cli/describeError.js";
import { Exit } from "../src/cli/exit.js";
import { becomeDaemon, endProcess, ownCommand, protocolStreams } from "../src/cli/processCli.js";
import { askDaemon, connectLsp } from "../src/transport/daemon/connect.js";
import { proxy } from "../src/transport/daemon/proxy.js";
import { runDaemon } from "../src/transport/daemon/runDaemon.js";
import { locateRuntime, platformOf } from "../src/transport/daemon/runtimeFolder.js";
import { EXIT_DAEMON_RUNNING } from "../src/transport/daemon/spawnDaemon.js";
import { stopDaemon } from "../src/transport/daemon/stopDaemon.js";
import { createFakeAssistant } from "./fakeAssistant.js";

const home = locateDataHome(process.env);
const platform = platformOf(process.env);
const ending = new AbortController();
process.on("SIGTERM", () => ending.abort());
const access = {
  home,
  runtime: locateRuntime(home, platform),
  platform,
  version: process.env.OURO_TEST_VERSION ?? "1.0.0",
  command: ownCommand(),
  environment: process.env,
  signal: ending.signal,
  readyMs: Number(process.env.OURO_TEST_READY_MS ?? 15_000),
};

/** Echoes, so that a test sees that its bytes arrived in order; `crash` and `reject` end the process. */
function echo({ stream }: { readonly stream: Duplex }) {
  stream.on("data", (chunk: Buffer) => {
    const text = chunk.toString("utf8");
    if (text === "crash") {
      setImmediate(() => {
        throw new Error(`crashed over ${text}`);
      });
    }
    if (text === "reject") void Promise.reject(new Error("rejected secret"));
    stream.write(chunk);
  });
  return { close: () => stream.end() };
}

async function serve(ifOneRuns: "leave" | "wait"): Promise<void> {
  let log: LogFile | undefined;
  becomeDaemon(async (error) => {
    log?.error({ error }, "crashed");
    await log?.close();
  });
  const served = await runDaemon({
    access,
    ifOneRuns,
    async loadProduct() {
      const failure = process.env.OURO_TEST_FAIL;
      if (failure) throw new AppError("settings-invalid", failure);
      return { serveLsp: echo, openAssistant: async () => createFakeAssistant() };
    },
    onLog(opened) {
      log = opened;
    },
    onReady() {
      process.stdout.write("ready\n");
    },
  });
  await endProcess(served.kind === "ended" ? 0 : 1);
}

async function main([command, option]: readonly string[]): Promise<void> {
  if (command !== "stop") await prepareDataHome(home);
  switch (command) {
    case "serve":
      return serve(option === "--wait" ? "wait" : "leave");
    case "lsp": {
      const { stream, pid } = await connectLsp(access);
      process.stderr.write(`${pid}\n`);
      const end = await proxy({
        ...protocolStreams(),
        daemon: stream,
        signal: ending.signal,
        whyItIsSilent: async () => undefined,
      });
      process.exitCode = end === "client-ended" ? 0 : 1;
      return;
    }
    case "start":
      process.stdout.write(`${JSON.stringify(await askDaemon(access, (daemon) => daemon.health()))}\n`);
      return;
    case "stop":
      process.stdout.write(`${JSON.stringify(await stopDaemon(access))}\n`);
      return;
    default:
      throw new Exit(2, `no command ${command}`);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeError({ error, isDebugging: false })}\n`);
  const isRunning = error instanceof AppError && error.code === "daemon-running";
  process.exitCode = isRunning ? EXIT_DAEMON_RUNNING : 1;
});
