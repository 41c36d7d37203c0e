/** `ouro model use` beside a running daemon, with the real engine: the next model takes over, and nothing fails. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { locateDataHome } from "../../daemon/src/base/dataHome.js";
import type { CompleteAnswer } from "../../daemon/src/protocol/routes.js";
import { locateRuntime, platformOf } from "../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient } from "../../daemon/src/transport/http/httpClient.js";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const never = new AbortController().signal;

describe("choosing a model beside the daemon", () => {
  const scratch = scratchFolder();
  const folder = join(scratch.path, "shop");
  const home = locateDataHome({ OURO_HOME: join(scratch.path, "ouro-home") });
  const runtime = locateRuntime(home, platformOf(process.env));
  const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path, folder });
  const daemon = () =>
    createHttpClient({ socketPath: runtime.httpSocket, token: readFileSync(runtime.token, "utf8") });
  const complete = () => daemon().complete({ folder, path: "a.ts", prefix: "const total = " }, never);
  const teach = async (wanted: string) => {
    const request = { folder, path: "a.ts", prefix: "const answer = ", wanted };
    const kinds: string[] = [];
    await daemon().teach(request, {
      signal: never,
      onEvent(event) {
        kinds.push(event.kind === "learned" ? event.learned.outcome.kind : event.kind);
      },
    });
    return kinds.at(-1);
  };
  let first: string;
  let second: string;
  let pid: number;

  beforeAll(async () => {
    mkdirSync(join(folder, ".git"), { recursive: true });
    first = await writeTinyModel(join(scratch.path, "first"));
    second = await writeTinyModel(join(scratch.path, "second"), 2);
    expect((await ouro("model", "use", first)).code).toBe(0);
    const { code, stdout } = await ouro("start", "--json");
    expect(code).toBe(0);
    ({ pid } = JSON.parse(stdout));
  });
  afterAll(async () => {
    await ouro("stop");
    scratch.remove();
  });

  test("has the same daemon answer with it, and every completion meanwhile is answered", async () => {
    await complete();
    expect(await teach("first();")).toBe("learned");
    const { hash } = JSON.parse((await ouro("model", "info", second, "--json")).stdout);

    const answers: CompleteAnswer[] = [];
    let isDone = false;
    const used = ouro("model", "use", second, "--json").finally(() => {
      isDone = true;
    });
    while (!isDone) answers.push(await complete());
    expect(await used).toEqual({
      code: 0,
      stdout: `${JSON.stringify({ model: second, hash })}\n`,
      stderr: "",
    });
    expect(answers.length).toBeGreaterThan(1);

    await complete();
    const status = await daemon().status({ folder });
    expect(status).toMatchObject({ pid, model: { kind: "ready", name: "model.safetensors" }, notices: [] });
    expect(status.projects).toMatchObject([{ adapterVersion: 0, learned: 0 }]);
    expect((await daemon().learned({ folder })).corrections).toEqual([]);
  });

  test("goes back as well, to what was taught before", async () => {
    expect((await ouro("model", "use", first)).code).toBe(0);
    const { corrections } = await daemon().learned({ folder });
    expect(corrections).toMatchObject([{ wanted: "first();", status: "learned" }]);
  });

  test("while it learns: the lesson ends before, and is there when its model is back", async () => {
    const lesson = teach("while();");
    await expect
      .poll(async () => (await daemon().status({ folder })).projects[0]?.learning.kind)
      .toBe("learning");
    const [used, outcome] = await Promise.all([ouro("model", "use", second), lesson]);
    expect(used.code).toBe(0);
    expect(outcome).toBe("learned");
    expect((await daemon().learned({ folder })).corrections).toEqual([]);
  });

  test("applies the type of weights that the settings name by now", async () => {
    writeFileSync(join(home.root, "settings.json"), '{"ouroboros.engine.weights": "q8"}');
    expect((await ouro("model", "use", second)).code).toBe(0);
    const log = () => readFileSync(join(runtime.log, "daemon.log"), "utf8");
    await expect.poll(log).toMatch(/"weights":"q8"/);
    await complete();
  });
});
