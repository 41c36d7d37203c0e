import { expect, it } from "vitest";
import { createByteTokenizer, createFakeEngine, createFakeModel } from "../engine/fakeEngine.js";
import type { LoadedModel } from "../engine/loadedModel.js";
import { AppError } from "../errors.js";
import { createHotModel } from "./hotModel.js";

function loadedFake(): LoadedModel {
  const tokenizer = createByteTokenizer();
  const model = createFakeModel({ vocabularySize: tokenizer.size, seed: 1 });
  const engine = createFakeEngine();
  return {
    engine,
    model,
    tokenizer,
    path: "/models/mine.pth",
    vocabularyPath: "",
    isEmbedded: false,
    form: "fill",
  };
}

function hot(load: () => Promise<LoadedModel>) {
  const seen: string[] = [];
  const clock = { ms: 0 };
  const unloads: string[] = [];
  const model = createHotModel({
    load,
    onUnload: async () => void unloads.push("let go"),
    onChange: () => seen.push(model.state.kind),
    nowMs: () => clock.ms,
  });
  return { model, seen, clock, unloads };
}

it("is loaded once for all who ask at one time, and tells what it is", async () => {
  let loads = 0;
  const { model, seen } = hot(async () => {
    loads += 1;
    return loadedFake();
  });
  const [one, other] = await Promise.all([model.get(), model.get()]);
  expect(one).toBe(other);
  expect(loads).toBe(1);
  expect(seen).toEqual(["loading", "ready"]);
  expect(model.state).toMatchObject({ kind: "ready", name: "mine.pth", canConverse: false });
});

it("is loaded again after it was let go", async () => {
  const { model, seen, unloads } = hot(async () => loadedFake());
  const first = await model.get();
  await model.unload();
  expect(unloads).toEqual(["let go"]);
  expect(await model.get()).not.toBe(first);
  expect(seen).toEqual(["loading", "ready", "unloaded", "loading", "ready"]);
});

it("tells all who ask for a while why it cannot be loaded, then tries again", async () => {
  let loads = 0;
  const { model, clock } = hot(async () => {
    loads += 1;
    if (loads === 1) throw new AppError("checkpoint-missing", "the file is gone");
    return loadedFake();
  });
  await expect(model.get()).rejects.toThrow("the file is gone");
  await expect(model.get()).rejects.toThrow("the file is gone");
  expect(model.state).toEqual({ kind: "failed", code: "checkpoint-missing", message: "the file is gone" });
  clock.ms = 10_001;
  await expect(model.get()).resolves.toBeDefined();
  expect(loads).toBe(2);
});
