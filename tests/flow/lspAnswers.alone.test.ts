/** How soon `ouro lsp` answers a correction: before it is learned, so that nobody who typed it waits. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCli, scratchFolder } from "./support/cli.js";
import { startLsp } from "./support/lspClient.js";

const ANSWER_MS_MAX = 2_000;

test("a correction is acknowledged within two seconds, and learned after that", async () => {
  const scratch = scratchFolder();
  const project = join(scratch.path, "shop");
  mkdirSync(join(project, ".git"), { recursive: true });
  const client = await startLsp({ home: scratch.path, folder: project });
  onTestFinished(async () => {
    client.kill();
    await runCli({ args: ["stop"], home: scratch.path });
    scratch.remove();
  });
  const prefix = "export function firstOf(list: string[]) {\n  ";
  const document = client.open(join(project, "a.ts"), `${prefix}\n}\n`);
  const [item] = await document.complete(prefix.length);
  if (!item) throw new Error("nothing was proposed");
  await document.accept(item);

  const wanted = "return list.at(0) ?? none();";
  const startedMs = performance.now();
  const completionId = item.command.arguments[0];
  const { correctionId } = await client.correct({ kind: "completion", completionId, wanted });
  expect(performance.now() - startedMs).toBeLessThan(ANSWER_MS_MAX);
  expect(client.allLearned()).toEqual([]);
  expect((await client.learned(correctionId)).outcome).toMatchObject({ kind: "learned", proven: true });
});
