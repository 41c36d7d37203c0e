/** The loop without any editor: `ouro lsp`, the real daemon, the real engine, the shipped model. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, scratchFolder } from "./support/cli.js";
import { type LspClient, startLsp } from "./support/lspClient.js";

const PREFIX = `import { logger } from "./logger";

export async function loadUser(id: string): Promise<User | undefined> {
  try {
    return await database.findUser(id);
  } catch (error) {
    `;
const WANTED = 'logger.warn("user not loaded", { id, error });';
const SUFFIX = "\n  }\n}\n";

describe("an LSP client on `ouro lsp`", () => {
  const scratch = scratchFolder();
  const projectA = join(scratch.path, "shop");
  const projectB = join(scratch.path, "other");
  let client: LspClient;

  beforeAll(async () => {
    for (const project of [projectA, projectB]) mkdirSync(join(project, ".git"), { recursive: true });
    client = await startLsp({ home: scratch.path, folder: projectA });
  });
  afterAll(async () => {
    client.kill();
    await runCli({ args: ["stop"], home: scratch.path });
    scratch.remove();
  });

  const proposed = async (path: string, text = PREFIX) => {
    const document = client.open(path, text + SUFFIX);
    return { document, item: (await document.complete(text.length))[0] };
  };

  test("is given a completion whose command carries its id, and takes it over", async () => {
    const { document, item } = await proposed(join(projectA, "src", "users.ts"));
    if (!item) throw new Error("nothing was proposed");
    expect(item.command.command).toBe("ouroboros.accepted");
    await document.accept(item);
    expect(document.text()).toBe(PREFIX + item.insertText + SUFFIX);
    const accepted = await document.acceptedAt(PREFIX.length + 1);
    expect(accepted).toMatchObject({ completionId: item.command.arguments[0], kept: item.insertText });
  });

  test("teaches what it has made of an accepted text, and gets that in another file of the project", async () => {
    const { document, item } = await proposed(join(projectA, "src", "edited.ts"));
    if (!item) throw new Error("nothing was proposed");
    await document.accept(item);
    // Selected and typed over, key by key.
    await document.edit(PREFIX.length, PREFIX.length + item.insertText.length, WANTED.slice(0, 1));
    for (let at = 1; at < WANTED.length; at += 1) {
      await document.edit(PREFIX.length + at, PREFIX.length + at, WANTED.slice(at, at + 1));
    }
    const completionId = item.command.arguments[0];
    expect(await document.acceptedAt(PREFIX.length)).toMatchObject({ kept: WANTED });

    const { correctionId } = await client.correct({ kind: "accepted", completionId });
    const learned = await client.learned(correctionId);
    expect(learned.outcome).toMatchObject({ kind: "learned", proven: true });

    const again = await proposed(join(projectA, "src", "elsewhere.ts"));
    expect(again.item?.insertText).toBe(WANTED);
  });

  test("does not get in another project what the first was taught", async () => {
    const other = await startLsp({ home: scratch.path, folder: projectB });
    const document = other.open(join(projectB, "src", "users.ts"), PREFIX + SUFFIX);
    const [item] = await document.complete(PREFIX.length);
    expect(item?.insertText).not.toBe(WANTED);
    const state = await other.state(document.uri);
    expect(state.projects.map(({ name, adapterVersion }) => [name, adapterVersion])).toEqual([["other", 0]]);
    await other.close();
    // All that the daemon had to tell this window has come by now.
    expect(other.allLearned()).toEqual([]);
    // One window has closed; the daemon and the other window go on.
    expect((await proposed(join(projectA, "src", "third.ts"))).item?.insertText).toBe(WANTED);
  });

  test("takes it back", async () => {
    const before = await client.list(projectA);
    expect(before.corrections.at(-1)).toMatchObject({ status: "learned", wanted: WANTED });
    const undone = await client.undo(projectA);
    expect(undone).toMatchObject({ wanted: WANTED, lost: [] });
    expect((await proposed(join(projectA, "src", "fourth.ts"))).item?.insertText).not.toBe(WANTED);
  });

  test("is silent where it was taught that nothing should be suggested", async () => {
    const { item } = await proposed(join(projectA, "src", "silent.ts"));
    if (!item) throw new Error("nothing was proposed");
    const completionId = item.command.arguments[0];
    const { correctionId } = await client.correct({ kind: "completion", completionId, wanted: "" });
    expect((await client.learned(correctionId)).outcome.kind).toBe("learned");
    expect((await proposed(join(projectA, "src", "silent.ts"))).item).toBeUndefined();
    await client.undo(projectA, correctionId);
    expect((await proposed(join(projectA, "src", "silent.ts"))).item).toBeDefined();
  });

  test("teaches a selection, without the white space around it", async () => {
    const document = client.open(join(projectA, "src", "select.ts"), `${PREFIX}${WANTED}${SUFFIX}`);
    const from = PREFIX.lastIndexOf("\n") + 1;
    const range = {
      start: document.positionAt(from),
      end: document.positionAt(PREFIX.length + WANTED.length),
    };
    const { correctionId } = await client.correct({
      kind: "selection",
      textDocument: { uri: document.uri },
      range,
    });
    expect((await client.learned(correctionId)).outcome.kind).toBe("learned");
    expect((await proposed(join(projectA, "src", "select2.ts"))).item?.insertText).toBe(WANTED);
    await client.undo(projectA, correctionId);
  });

  test("counts UTF-16 units with Chinese, emoji and CRLF, and is never given half a character", async () => {
    const lines = [
      "// 用户登录：检查密码 😀👩‍👩‍👧",
      "const 名字 = '😀';",
      "const users = await 数据库.find(名字);",
      "for (const user of users) {",
      "  console.log(`👋 ${user.",
    ];
    const document = client.open(join(projectA, "src", "中文.ts"), "");
    let asked = 0;
    for (const line of lines) {
      for (const character of line) await document.append(character);
      for (const item of await document.complete()) {
        asked += 1;
        expect(item.insertText).not.toMatch(/\p{Surrogate}/u);
        expect(item.insertText).not.toContain("\ufffd");
        expect(item.range.start).toEqual(document.positionAt(document.text().length));
      }
      await document.append("\r\n");
    }
    expect(asked).toBeGreaterThan(0);
    // A lone CR, a position inside a surrogate pair, one far outside: an answer, whatever it is, and no error.
    const emoji = document.text().indexOf("😀");
    await expect(document.complete(emoji + 1)).resolves.toEqual([]);
    await document.edit(emoji, emoji + 2, "\r");
    await expect(document.complete()).resolves.toBeDefined();
  });

  test("gets a chat answer, streamed, and the answer that it taught", async () => {
    const turns = [{ role: "user", text: "How do I log an error here?" }] as const;
    const folder = null;
    const first = await client.chat({ chatId: "c1", folder, turns: [...turns] });
    expect(first.streamed).toBe(first.text);
    const wanted = "Use logger.warn with the error and the id.";
    const { correctionId } = await client.correct({
      kind: "answer",
      folder,
      turns: [...turns],
      rejected: first.text,
      wanted,
    });
    expect((await client.learned(correctionId)).outcome).toMatchObject({ kind: "learned", proven: true });
    expect((await client.chat({ chatId: "c2", folder, turns: [...turns] })).text).toBe(wanted);
  });

  test("says in one sentence what is wrong with a request", async () => {
    await expect(
      client.correct({ kind: "completion", completionId: "unknown", wanted: "x" }),
    ).rejects.toMatchObject({ data: { code: "completion-unknown" } });
    await expect(client.connection.sendRequest("ouroboros/correct", { kind: "nonsense" })).rejects.toThrow();
    await expect(client.undo(projectB)).rejects.toMatchObject({ data: { code: "nothing-to-undo" } });
  });
});
