/** Which project and which language a document has, as any LSP client may name it, in the real daemon. */

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatParams } from "../../../daemon/src/protocol/chat.js";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { runCli, scratchFolder } from "../support/cli.js";
import { type LspClient, startLsp } from "../support/lspClient.js";

const PREFIX = "with open(path) as f:\n    ";
const WANTED = "rows = list(csv.reader(f))";
const TEXT = `${PREFIX}${WANTED}\nprint(rows)\n`;

describe.skipIf(process.platform === "win32")("in a window with two folders", () => {
  const scratch = scratchFolder();
  const [folderA, folderB] = [join(scratch.path, "first"), join(scratch.path, "second")];
  let client: LspClient;

  beforeAll(async () => {
    for (const folder of [folderA, folderB]) mkdirSync(folder);
    const folderUris = [`${pathToFileURL(folderA).href}/`, `${pathToFileURL(folderB).href}/`];
    client = await startLsp({ home: scratch.path, folder: folderA, folderUris });
  });
  afterAll(async () => {
    client.kill();
    await runCli({ args: ["stop"], home: scratch.path });
    scratch.remove();
  });

  const teach = async (uri: string, languageId = "python") => {
    const document = client.openUri(uri, languageId, TEXT);
    const range = {
      start: document.positionAt(PREFIX.length),
      end: document.positionAt(PREFIX.length + WANTED.length),
    };
    return client.correct({ kind: "selection", textDocument: { uri }, range });
  };
  const journal = () => {
    const folder = join(scratch.path, "ouro-home", "journal");
    const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
    return names.map((name) => readFileSync(join(folder, name), "utf8")).join("");
  };

  test("nothing is taught from a buffer that could belong to either, and the sentence says the way out", async () => {
    const refused = { message: expect.stringMatching(/open folders .*\(first, second\); save it in one/) };
    await expect(teach("untitled:Untitled-1")).rejects.toMatchObject(refused);
    const document = client.openUri("untitled:Untitled-2", "python", PREFIX);
    const [item] = await document.complete();
    if (!item) throw new Error("nothing was proposed");
    const completionId = item.command.arguments[0];
    await expect(client.correct({ kind: "completion", completionId, wanted: WANTED })).rejects.toMatchObject(
      refused,
    );
    await document.accept(item);
    await expect(client.correct({ kind: "accepted", completionId })).rejects.toMatchObject(refused);
    const turns: ChatParams["turns"] = [{ role: "user", text: "Hi" }];
    await expect(
      client.correct({ kind: "answer", folder: null, turns, rejected: "", wanted: "Hello" }),
    ).rejects.toMatchObject(refused);
    const asked = { uri: "untitled:Untitled-1" };
    await expect(client.connection.sendRequest(REQUESTS.undo, asked)).rejects.toMatchObject(refused);
    await expect(client.connection.sendRequest(REQUESTS.learned, asked)).rejects.toMatchObject(refused);
    await expect(teach("vscode-vfs://github/owner/name/a.py")).rejects.toMatchObject({
      message: expect.stringMatching(/no file of a folder on this machine/),
    });
    expect(journal()).not.toContain('"correction"');
    expect((await client.state("untitled:Untitled-1")).projects).toEqual([]);
  });

  test("each name of a file in the second teaches the second", async () => {
    const place = `${folderB}/sub/../a`;
    const uris = [
      `untitled:${folderB}/x`,
      `FILE://${folderB}/100%.py`,
      `vscode-notebook-cell:${place}.ipynb#W0sZmlsZQ%3D%3D`,
      `git:${place}.py?%7B%22ref%22%3A%22HEAD%22%7D`,
    ];
    for (const uri of uris) {
      const { project, correctionId } = await teach(uri);
      expect([uri, project.name]).toEqual([uri, "second"]);
      await client.undo(folderB, correctionId);
    }
    const taught = journal();
    for (const name of ["x.py", "100%.py", "a.py"]) expect(taught).toContain(`<|file|>${name}\\n`);
    expect(taught).not.toContain("ipynb");
  });

  test("a lesson ends although its folder is closed meanwhile, and another spelling of the folder has it", async () => {
    const { correctionId } = await teach(`${pathToFileURL(folderB).href}/b.py`);
    await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", {
      event: { added: [], removed: [{ uri: pathToFileURL(folderB).href, name: "second" }] },
    });
    expect((await client.learned(correctionId)).outcome.kind).toBe("learned");
    // But one folder is open now: what was never saved is that one's.
    const state = await client.state("untitled:Untitled-3");
    expect(state.projects.map(({ name }) => name).sort()).toEqual(["first", "second"]);

    const spelled = `File://localhost${folderB}/./%2e/`;
    const other = await startLsp({ home: scratch.path, folder: folderB, folderUris: [spelled] });
    const buffer = other.openUri("untitled:Untitled-1", "python", PREFIX);
    expect((await other.state(buffer.uri)).projects.map(({ name }) => name)).toEqual(["second"]);
    const document = other.openUri(`${spelled}b.py`, "python", TEXT);
    await document.edit(PREFIX.length, PREFIX.length + WANTED.length, "");
    expect((await document.complete(PREFIX.length))[0]?.insertText).toBe(WANTED);
    await other.close();
  });

  test("the language of a buffer is what its client says, when it is asked and when it is taught", async () => {
    const { correctionId, project } = await teach("untitled:Untitled-4");
    expect(project.name).toBe("first");
    expect((await client.learned(correctionId)).outcome.kind).toBe("learned");
    expect(journal()).toContain("<|file|>src/main.py\\n");
    const again = client.openUri("untitled:Untitled-5", "python", TEXT);
    await again.edit(PREFIX.length, PREFIX.length + WANTED.length, "");
    const [item] = await again.complete(PREFIX.length);
    expect(item?.insertText).toBe(WANTED);

    // What is asked and what is taught are the same tokens, in a buffer as in a file.
    const completionId = item?.command.arguments[0] ?? "";
    await client.correct({ kind: "completion", completionId, wanted: "rows = f.readlines()" });
    const prompts = [...journal().matchAll(/"prompt":\{"text":"(.*?)","tokens":(\[.*?\])/g)].slice(-2);
    expect(prompts.map(([, text]) => text)).toEqual(Array(2).fill(expect.stringContaining("src/main.py")));
    expect(prompts[0]?.[2]).toBe(prompts[1]?.[2]);
  });
});
