/**
 * The story of a model's file that somebody overwrites in place under a running daemon: what was learned goes on
 * answering, what is taught meanwhile is kept and not said to be learned, and it is learned once the file is back.
 */

import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { locateDataHome } from "../../../daemon/src/base/dataHome.js";
import type { DidLearn } from "../../../daemon/src/protocol/corrections.js";
import { locateRuntime, platformOf } from "../../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient } from "../../../daemon/src/transport/http/httpClient.js";
import { runCli } from "./cli.js";
import { writeTinyModel } from "./tinyModel.js";

const never = new AbortController().signal;

/** A daemon that serves a model of its own; its data home lies under `scratch`. */
export async function daemonWithModel(scratch: string) {
  const home = locateDataHome({ OURO_HOME: join(scratch, "ouro-home") });
  const runtime = locateRuntime(home, platformOf(process.env));
  const model = await writeTinyModel(join(scratch, "model"));
  copyFileSync(model, `${model}.whole`);
  const ouro = (...args: readonly string[]) => runCli({ args, home: scratch });
  const client = () =>
    createHttpClient({ socketPath: runtime.httpSocket, token: readFileSync(runtime.token, "utf8") });
  const start = async () => {
    const { code, stdout } = await ouro("start", "--json");
    expect(code).toBe(0);
    return Number(JSON.parse(stdout).pid);
  };
  expect((await ouro("model", "use", model)).code).toBe(0);
  return { scratch, model, ouro, client, start };
}
type Daemon = Awaited<ReturnType<typeof daemonWithModel>>;

/** What programs do to a file that they write over. */
const CHANGES: readonly ((path: string) => void)[] = [
  (path) => truncateSync(path, statSync(path).size >> 1),
  (path) => writeFileSync(path, disturbed(path)),
  (path) => truncateSync(path, 0),
  (path) => {
    const { atime, mtime } = statSync(path);
    writeFileSync(path, disturbed(path));
    utimesSync(path, atime, mtime);
  },
  (path) => writeFileSync(path, Buffer.alloc(100), { flag: "a" }),
  (path) => writeFileSync(path, "version https://git-lfs.github.com/spec/v1\n"),
];

/** As many bytes, other numbers. */
function disturbed(path: string): Buffer {
  const bytes = readFileSync(path);
  for (let i = bytes.length >> 1; i < bytes.length; i += 97) bytes[i] = (bytes[i] ?? 0) ^ 3;
  return bytes;
}

/** Each round in a project of its own. Ends with the daemon of `pid`, or of the last one started, running. */
export async function playChangedFile(daemon: Daemon, rounds: number): Promise<void> {
  let pid = await daemon.start();
  for (let round = 0; round < rounds; round += 1) {
    const folder = join(daemon.scratch, `project-${round}`);
    mkdirSync(join(folder, ".git"), { recursive: true });
    const place = { folder, path: "a.ts" };
    const [before, during] = [`before${round}();`, `during${round}();`];
    expect((await teach(daemon, { ...place, prefix: "const one = ", wanted: before })).at(-1)).toBe(
      "learned",
    );

    CHANGES[round % CHANGES.length]?.(daemon.model);
    const told = await teach(daemon, { ...place, prefix: "let two = ", wanted: during });
    expect({ round, told }).toEqual({ round, told: ["kept", expect.stringMatching(CHOOSE_AGAIN)] });
    expect(await shown(daemon, { ...place, prefix: "const one = " })).toBe(before);
    const state = await daemon.client().status({ folder });
    expect(state.projects[0]?.learning).toMatchObject({ kind: "failed", code: "changed" });
    expect(state.notices.filter((notice) => CHOOSE_AGAIN.test(notice))).toHaveLength(1);
    expect(await statuses(daemon, folder)).toEqual(["learned", "pending"]);

    copyFileSync(`${daemon.model}.whole`, daemon.model);
    if (round % 4 === 3) {
      process.kill(pid, "SIGKILL");
      pid = await daemon.start();
    } else await daemon.client().changeModel(never);
    // Whoever asks opens the project, and what is pending is learned.
    await expect
      .poll(() => shown(daemon, { ...place, prefix: "let two = " }), { timeout: 60_000 })
      .toBe(during);
    expect(await statuses(daemon, folder)).toEqual(["learned", "learned"]);
    expect(await shown(daemon, { ...place, prefix: "const one = " })).toBe(before);
    expect((await daemon.client().status({ folder })).notices).toEqual([]);
  }
  expect((await daemon.client().health()).pid).toBe(pid);
}

const CHOOSE_AGAIN = /the model's file has changed; choose it again/;

interface Place {
  readonly folder: string;
  readonly path: string;
  readonly prefix: string;
}

/** What came of it: kinds of events without steps, in the end the outcome, of a failure its sentence. */
async function teach(daemon: Daemon, lesson: Place & { readonly wanted: string }) {
  const told: string[] = [];
  const outcomeOf = ({ outcome }: DidLearn) => ("message" in outcome ? outcome.message : outcome.kind);
  await daemon.client().teach(lesson, {
    signal: never,
    onEvent(event) {
      if (event.kind === "kept") told.push("kept");
      if (event.kind === "learned") told.push(outcomeOf(event.learned));
    },
  });
  return told;
}

async function shown(daemon: Daemon, place: Place) {
  const answer = await daemon.client().complete(place, never);
  return "text" in answer ? answer.text : answer.kind;
}

async function statuses(daemon: Daemon, folder: string) {
  const { corrections } = await daemon.client().learned({ folder });
  return corrections.map(({ status }) => status);
}
