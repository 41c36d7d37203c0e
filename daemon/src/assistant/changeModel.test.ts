/** The Assistant over the fake engine and a real journal, while the model that it answers with is changed. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_SETTINGS } from "@ouroboros/configs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createByteTokenizer, createFakeEngine, createFakeModel } from "../../test/fakeEngine.js";
import { locateDataHome, prepareDataHome } from "../base/dataHome.js";
import { AppError } from "../base/errors.js";
import { NO_LOG } from "../base/log.js";
import type { Model } from "../engine/engine.js";
import type { Journal } from "../journal/journal.js";
import { NO_ANCHORS } from "../learning/anchors.js";
import { joinLearning, listLearning, openJournalOf, viewLearning } from "../learning/open.js";
import { LEARNING_DEFAULTS } from "../learning/recipe.js";
import type { LoadedModel } from "../models/loadedModel.js";
import type { DidLearn } from "../protocol/corrections.js";
import type { DaemonState } from "../protocol/state.js";
import type { Assistant, Client } from "./assistant.js";
import { LocalAssistant } from "./localAssistant.js";

const MODELS = ["a", "b", "c"];

describe("the model is changed", () => {
  let root: string;
  let folder: string;
  let chosen: string;
  /** Models write what they are called, and are sure of it. */
  let isTelling: boolean;
  let closed: string[];
  let journal: Journal;
  let assistant: Assistant;
  let client: Client;
  let states: DaemonState[];
  let learned: DidLearn[];

  const load = async (): Promise<LoadedModel> => {
    const name = chosen;
    if (!MODELS.includes(name)) throw new AppError("checkpoint-missing", `the model file ${name} is gone`);
    const tokenizer = createByteTokenizer();
    const model = createFakeModel({ vocabularySize: tokenizer.size, seed: MODELS.indexOf(name) });
    return {
      engine: { ...createFakeEngine(), close: () => closed.push(name) },
      model: isTelling ? { ...model, generate: writer(tokenizer.encode(`${name}();`)) } : model,
      tokenizer,
      path: `/models/${name}`,
      vocabularyPath: "",
      isEmbedded: false,
      form: "continue",
    };
  };

  beforeEach(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "ouro-change-")));
    folder = join(root, "shop");
    mkdirSync(join(folder, ".git"), { recursive: true });
    const home = locateDataHome({ OURO_HOME: join(root, "home") });
    await prepareDataHome(home);
    journal = await openJournalOf(home, { onRecord: () => {} });
    [chosen, isTelling, closed, states, learned] = ["a", false, [], [], []];
    assistant = new LocalAssistant({
      version: "0.0.0",
      homeFolder: home.root,
      settings: DEFAULT_SETTINGS,
      load,
      join: (project, { engine, model, tokenizer, path }, show) =>
        joinLearning(
          {
            home,
            project,
            engine,
            model,
            tokenizer,
            modelPath: path,
            settings: LEARNING_DEFAULTS,
            anchors: NO_ANCHORS,
            clock: () => new Date("2026-01-01T00:00:00.000Z"),
            show,
          },
          journal,
        ),
      view: (project, { model, tokenizer }) => viewLearning({ home, project, model, tokenizer }),
      list: (project, { hash, vocabularyHash }) =>
        listLearning(home, { project: project.id, model: hash, vocabulary: vocabularyHash }),
      identify: async () => ({ hash: chosen, vocabularyHash: "", weights: "auto" }),
      notices: () => [],
      losses: () => [],
      watch: () => ({ close: async () => {} }),
      release: () => journal.close(),
      log: NO_LOG,
      nowMs: () => performance.now(),
    });
    client = assistant.connect({
      onState: (state) => states.push(state),
      onLearned: (event) => learned.push(event),
    });
  });
  afterEach(async () => {
    client.close();
    await assistant.close();
    rmSync(root, { recursive: true, force: true });
  });

  const where = () => ({ file: join(folder, "a.ts"), folder });
  const change = (name: string) => {
    chosen = name;
    return assistant.changeModel();
  };
  const complete = () =>
    client.complete({
      where: where(),
      prefix: "total;\n",
      suffix: "",
      sessionKey: "a.ts",
      signal: new AbortController().signal,
      isInvoked: true,
    });
  const teach = (prefix: string, wanted: string) =>
    client.correctPlace({ where: where(), prefix, suffix: "", wanted });
  const corrections = async () =>
    (await client.learned(where())).corrections.map(({ wanted, status }) => [wanted, status]);

  test("and every project learns anew, with what it had taught each model before", async () => {
    await (await teach("const a = ", "one();")).done;
    expect(await change("b")).toMatchObject({ kind: "ready", name: "b" });
    expect(await corrections()).toEqual([]);
    expect((await client.state()).projects).toMatchObject([{ adapterVersion: 0, learned: 0 }]);
    await (await teach("const a = ", "other();")).done;
    expect(await corrections()).toEqual([["other();", "learned"]]);
    await change("a");
    expect(await corrections()).toEqual([["one();", "learned"]]);
    await expect.poll(() => closed).toEqual(["a", "b"]);
    await expect.poll(() => states.at(-1)?.model).toMatchObject({ name: "a" });
  });

  test("no completion fails meanwhile, and each document's next one is by the next model", async () => {
    isTelling = true;
    expect(textOf(await complete())).toBe("a();");
    const answers: Promise<unknown>[] = [];
    let isDone = false;
    const changed = change("b").finally(() => {
      isDone = true;
    });
    while (!isDone) {
      answers.push(complete());
      await new Promise(setImmediate);
    }
    await changed;
    // A newer request of a document cancels the one before, on whichever model.
    for (const answer of await Promise.all(answers)) expect(answer).toHaveProperty("kind");
    expect(textOf(await complete())).toBe("b();");
  });

  test("after the lesson in training; one that waits is kept, and learned when its model is back", async () => {
    await complete();
    const lesson = await teach("const a = ", "one();");
    const waiting = await teach("const b = ", "two();");
    await change("b");
    expect((await lesson.done).outcome.kind).toBe("learned");
    expect((await waiting.done).outcome).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("is kept"),
    });
    expect(learned.map(({ wanted, outcome }) => [wanted, outcome.kind])).toEqual([
      ["one();", "learned"],
      ["two();", "failed"],
    ]);
    await change("a");
    expect(await corrections()).toHaveLength(2);
    await expect.poll(corrections).toEqual([
      ["one();", "learned"],
      ["two();", "learned"],
    ]);
  });

  test("to one that cannot be loaded: the one before goes on learning too, and a notice says why", async () => {
    await complete();
    await expect(change("gone")).rejects.toThrow("the model file gone is gone");
    await expect
      .poll(() => states.at(-1)?.notices)
      .toEqual([
        "the model chosen last cannot answer, so the one before goes on: the model file gone is gone",
      ]);
    expect((await client.state()).model).toMatchObject({ kind: "ready", name: "a" });
    expect((await (await teach("const a = ", "one();")).done).outcome.kind).toBe("learned");
    expect(closed).toEqual([]);
  });

  test("to itself, with other weights say, while it learns: nothing is learned twice or lost", async () => {
    await complete();
    const lesson = await teach("const a = ", "one();");
    const changed = change("a");
    const late = await teach("const b = ", "two();");
    await changed;
    expect((await lesson.done).outcome.kind).toBe("learned");
    await late.done;
    await expect.poll(corrections).toEqual([
      ["one();", "learned"],
      ["two();", "learned"],
    ]);
    expect((await client.state()).projects).toMatchObject([{ adapterVersion: 2, learned: 2 }]);
  });
});

function textOf(answer: Awaited<ReturnType<Client["complete"]>>): string {
  return answer.kind === "proposed" ? answer.text : answer.kind;
}

/** Writes `tokens` and is sure of them. */
function writer(tokens: Uint32Array): Model["generate"] {
  return async ({ onToken }) => {
    for (const token of tokens) onToken?.(token, 0);
    const logProbabilities = new Float32Array(tokens.length);
    return { kind: "finished", tokens, logProbabilities, stoppedBy: "token" };
  };
}
