/** The one daemon through the real `ouro` and the real engine: who starts it, what it says, what survives its end. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { locateDataHome } from "../../daemon/src/base/dataHome.js";
import { lockHolder } from "../../daemon/src/base/processLock.js";
import type { TeachEvent } from "../../daemon/src/protocol/routes.js";
import { locateRuntime, platformOf } from "../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient } from "../../daemon/src/transport/http/httpClient.js";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
const project = join(scratch.path, "project");
const home = locateDataHome({ OURO_HOME: join(scratch.path, "ouro-home") });
const runtime = locateRuntime(home, platformOf(process.env));
const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path, folder: project });
const never = new AbortController().signal;

beforeAll(async () => {
  mkdirSync(project);
  const model = await writeTinyModel(join(scratch.path, "model"));
  expect((await ouro("model", "use", model)).code).toBe(0);
});
afterEach(async () => {
  await ouro("stop");
});
afterAll(scratch.remove);

const daemon = () =>
  createHttpClient({ socketPath: runtime.httpSocket, token: readFileSync(runtime.token, "utf8") });

async function started(): Promise<number> {
  const { code, stdout, stderr } = await ouro("start", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout).pid;
}

describe("ouro status", () => {
  test("without a daemon: one sentence, code 3, and none is started", async () => {
    expect(await ouro("status")).toEqual({
      code: 3,
      stdout: "",
      stderr: "ouro: no daemon runs; `ouro start` starts one\n",
    });
    expect(await lockHolder(runtime.lock)).toBeUndefined();
  });

  test("with one: a table, or all of it as JSON", async () => {
    const pid = await started();
    const table = await ouro("status");
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toMatch(new RegExp(`^daemon +process ${pid}, version \\d+\\.\\d+\\.\\d+\nmodel `));
    const { stdout } = await ouro("status", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ pid, projects: [{ name: "project", learned: 0 }] });
  });
});

test("ouro start, again and eight times at once: one daemon", async () => {
  const ran = await Promise.all(Array.from({ length: 8 }, () => ouro("start", "--json")));
  expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(8).fill({ code: 0, stderr: "" }));
  expect(new Set(ran.map(({ stdout }) => JSON.parse(stdout).pid)).size).toBe(1);
});

test("ouro stop says what it ended, and that there was nothing to end", async () => {
  const pid = await started();
  expect(await ouro("stop")).toEqual({
    code: 0,
    stdout: `The daemon (process ${pid}) has ended.\n`,
    stderr: "",
  });
  expect(await ouro("stop")).toEqual({ code: 0, stdout: "No daemon runs.\n", stderr: "" });
});

test("ouro serve in the foreground is the same daemon, and Ctrl-C ends it", async () => {
  const serving = runCli({ args: ["serve", "--json"], home: scratch.path, interruptWhen: /"lspSocket"/ });
  const { code, stdout } = await serving;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ pid: expect.any(Number), httpSocket: runtime.httpSocket });
  expect(await lockHolder(runtime.lock)).toBeUndefined();
});

test("after kill -9 the next one answers over its remains", async () => {
  const first = await started();
  process.kill(first, "SIGKILL");
  await expect.poll(() => lockHolder(runtime.lock)).toBeUndefined();
  expect(existsSync(runtime.lspSocket)).toBe(true);
  expect(await started()).not.toBe(first);
  expect((await daemon().health()).pid).not.toBe(first);
});

test("stopped while it learns, it keeps what it acknowledged and learns it when next it runs for the project", async () => {
  await started();
  const running = daemon();
  let stopping: Promise<unknown> | undefined;
  const onEvent = (event: TeachEvent) => {
    // At once: the lesson has just begun.
    if (event.kind === "kept") stopping = running.stop();
  };
  const place = { folder: project, path: "src/a.ts", prefix: "const answer = " };
  const teaching = running.teach({ ...place, wanted: "42;" }, { signal: never, onEvent });
  await teaching.catch(() => undefined);
  await stopping;
  await expect.poll(() => lockHolder(runtime.lock)).toBeUndefined();
  const { stdout } = await ouro("learned", "--json");
  expect(JSON.parse(stdout).corrections).toMatchObject([{ wanted: "42;", status: "pending" }]);
  await started();
  // As an editor's window does that opens the project; a list of what was learned needs no model and starts nothing.
  await daemon().status({ folder: project });
  const learned = async () => (await daemon().learned({ folder: project })).corrections;
  await expect.poll(learned).toMatchObject([{ wanted: "42;", status: "learned" }]);
});

test("wrong settings keep nothing from starting: status, log and commands say them, the others count", async () => {
  const settings = join(home.root, "settings.json");
  writeFileSync(
    settings,
    '\uFEFF// mine\n{"ouroboros.http.prot": 1, "ouroboros.completion.tokensMax": "many", "ouroboros.completion.temperature": 0.5,}',
  );
  try {
    expect(await ouro("start")).toMatchObject({ code: 0, stderr: "" });
    const said = [
      `${settings}: "ouroboros.http.prot" is no setting and is ignored; did you mean "ouroboros.http.port"?`,
      `${settings}: "ouroboros.completion.tokensMax" is "many" where a whole number from 1 to 4096 is expected; 48, the default, is used instead`,
    ];
    expect(JSON.parse((await ouro("status", "--json")).stdout).notices).toEqual(said);
    const { code, stderr } = await ouro("complete", "const a = ");
    expect({ code, notes: stderr.trimEnd().split("\n") }).toEqual({
      code: 0,
      notes: said.map((each) => `ouro: ${each}`),
    });
    expect((await ouro("stop")).code).toBe(0);
    const log = readFileSync(join(runtime.log, "daemon.log"), "utf8");
    expect(log).toMatch(
      /"setting":"ouroboros\.completion\.tokensMax","code":"settings-invalid","msg":"a setting is not used"/,
    );
    expect(log).not.toMatch(/prot"|many/);
  } finally {
    writeFileSync(settings, "{}");
  }
});
