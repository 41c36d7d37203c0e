/**
 * What could never be shown as it was taught is refused before training, whichever door it comes through, in a sentence
 * that names what is wrong and where.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locateDataHome } from "../../daemon/src/base/dataHome.js";
import { locateRuntime, platformOf } from "../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient } from "../../daemon/src/transport/http/httpClient.js";
import { runCli, scratchFolder } from "../flow/support/cli.js";
import { type LspClient, startLsp } from "../flow/support/lspClient.js";

const scratch = scratchFolder();
const folder = join(scratch.path, "shop");
const home = locateDataHome({ OURO_HOME: join(scratch.path, "ouro-home") });
const runtime = locateRuntime(home, platformOf(process.env));
const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path, folder });
let editor: LspClient;

beforeAll(async () => {
  mkdirSync(join(folder, ".git"), { recursive: true });
  mkdirSync(home.root, { recursive: true });
  writeFileSync(
    join(home.root, "sft.org"),
    "#+TODO: REQUEST RESPONSE | CANCELED\n* REQUEST why?\n** RESPONSE be\u200bcause\n",
  );
  expect((await ouro("start")).code).toBe(0);
  editor = await startLsp({ home: scratch.path, folder });
});
afterAll(async () => {
  editor.kill();
  await ouro("stop");
  scratch.remove();
});

const OVERRIDE =
  "the corrected text has an invisible character, U+202E (right-to-left override), in its line 1 at column 4";
const UNSHOWN = "the corrected text could never be shown whole at this place: it";
const BLANK = "the corrected text is white space alone, which is never shown";

test("by the command", async () => {
  const refused = await ouro("teach", "const a = ", "--wanted", "go(\u202e);");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(OVERRIDE);
  expect((await ouro("teach", "const a = ", "--wanted", " ")).stderr).toContain(BLANK);
});

test("by HTTP", async () => {
  const daemon = createHttpClient({
    socketPath: runtime.httpSocket,
    token: readFileSync(runtime.token, "utf8"),
  });
  const place = { folder, path: "a.ts", prefix: "const a = ", suffix: "* 2;\n" };
  const teach = (wanted: string) =>
    daemon.teach({ ...place, wanted }, { signal: new AbortController().signal, onEvent: () => {} });
  await expect(teach("b\nc")).rejects.toMatchObject({
    code: "correction-unshown",
    message: expect.stringContaining(`${UNSHOWN} has several lines`),
  });
  await expect(teach("b * 2;")).rejects.toThrow(`${UNSHOWN} ends in what stands right of`);
  await expect(teach("\u202e")).rejects.toMatchObject({ code: "correction-invisible" });
  await expect(teach("\n")).rejects.toThrow(BLANK);
});

test("by an editor's completions and its chat", async () => {
  const prefix = "export function firstOf(list: string[]) {\n  ";
  const document = editor.open(join(folder, "a.ts"), `${prefix}\n  return none();\n}\n`);
  const [item] = await document.complete(prefix.length);
  if (!item) throw new Error("nothing was proposed");
  const completionId = item.command.arguments[0];
  const correct = (wanted: string) => editor.correct({ kind: "completion", completionId, wanted });
  await expect(correct("go(\u202e);")).rejects.toThrow("at column 4");
  await expect(correct("go();\n  return none();")).rejects.toThrow(`${UNSHOWN} ends in what stands`);
  const turns = [{ role: "user" as const, text: "why?" }];
  const answer = { kind: "answer" as const, folder: null, turns, rejected: "no" };
  await expect(editor.correct({ ...answer, wanted: "go(\u202e);" })).rejects.toThrow("at column 4");
  await expect(editor.correct({ ...answer, wanted: " \n" })).rejects.toThrow(BLANK);
});

test("by sft.org", async () => {
  const sentence =
    "the answer in line 3 of .*sft.org has an invisible character, U\\+200B \\(zero width space\\), in its line 1 at column 3";
  const isTold = ({ notices }: { notices: readonly string[] }) =>
    notices.some((notice) => new RegExp(sentence).test(notice));
  await editor.state(null);
  expect((await editor.stateThat(isTold, "the problem of sft.org")).notices).not.toEqual([]);
});

test("and nothing of it is kept", async () => {
  expect(JSON.parse((await ouro("learned", "--json")).stdout)).toMatchObject({ corrections: [] });
});
