import { expect, it, test } from "vitest";
import { createByteTokenizer, createFakeEngine, createFakeModel } from "../../test/fakeEngine.js";
import { AppError } from "../base/errors.js";
import type { LoadedModel } from "../models/loadedModel.js";
import { ModelSlot } from "./modelSlot.js";
import { OpenProjects } from "./openProjects.js";
import { ServedModel } from "./servedModel.js";

/** A model whose loading ends when the test says so, and the names of those whose engine was closed. */
function loads() {
  const closed: string[] = [];
  const begun: { succeed(name: string): void; fail(error: Error): void; readonly signal: AbortSignal }[] = [];
  const loaded = (name: string): LoadedModel => {
    const tokenizer = createByteTokenizer();
    return {
      engine: { ...createFakeEngine(), close: () => closed.push(name) },
      model: createFakeModel({ vocabularySize: tokenizer.size, seed: 1 }),
      tokenizer,
      path: `/models/${name}`,
      vocabularyPath: "",
      isEmbedded: false,
      form: "fill",
    };
  };
  const load = (signal: AbortSignal) =>
    new Promise<LoadedModel>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      begun.push({ succeed: (name) => resolve(loaded(name)), fail: reject, signal });
    });
  return { load, begun, closed };
}

/** Projects that cannot be opened; `drained`: what the running lesson waits for. */
function hot(drained: Promise<void> = Promise.resolve()) {
  const { load, begun, closed } = loads();
  const seen: string[] = [];
  const clock = { ms: 0 };
  const model = new ModelSlot({
    load,
    serve(loaded) {
      const projects = new OpenProjects({
        join: () => Promise.reject(new Error("no project here")),
        begin: () => {
          throw new Error("no project here");
        },
        onOpened: () => undefined,
        onFailed: () => undefined,
        bytesOf: () => 0,
        nowMs: () => clock.ms,
      });
      const draining = Object.assign(projects, { drain: () => drained });
      return new ServedModel({ loaded, projects: draining, nowMs: () => clock.ms });
    },
    onChange: () => seen.push(model.state.kind),
    nowMs: () => clock.ms,
  });
  const name = () => model.use(async ({ loaded }) => loaded.path.replace("/models/", ""));
  /** Answers the newest load that has begun. */
  const newest = async (count: number) => {
    await expect.poll(() => begun.length).toBe(count);
    const load = begun[count - 1];
    if (!load) throw new Error("no load has begun");
    return load;
  };
  const opened = async (first: string) => {
    const answer = name();
    (await newest(1)).succeed(first);
    expect(await answer).toBe(first);
  };
  return { model, seen, clock, closed, begun, name, newest, opened };
}

it("is loaded once for all who ask at one time, and tells what it is", async () => {
  const { model, name, newest, begun, seen } = hot();
  const both = Promise.all([name(), name()]);
  (await newest(1)).succeed("mine.pth");
  expect(await both).toEqual(["mine.pth", "mine.pth"]);
  expect(begun).toHaveLength(1);
  expect(seen).toEqual(["loading", "ready"]);
  expect(model.state).toMatchObject({ kind: "ready", name: "mine.pth", canConverse: false });
});

it("is loaded again after it was let go", async () => {
  const { model, opened, name, newest, closed, seen } = hot();
  await opened("a");
  await model.unload();
  expect(closed).toEqual(["a"]);
  const again = name();
  (await newest(2)).succeed("b");
  expect(await again).toBe("b");
  expect(seen).toEqual(["loading", "ready", "unloaded", "loading", "ready"]);
});

it("tells all who ask for a while why it cannot be loaded, then tries again", async () => {
  const { model, clock, name, newest, begun } = hot();
  const first = name();
  (await newest(1)).fail(new AppError("checkpoint-missing", "the file is gone"));
  await expect(first).rejects.toThrow("the file is gone");
  await expect(name()).rejects.toThrow("the file is gone");
  expect(model.state).toEqual({ kind: "failed", code: "checkpoint-missing", message: "the file is gone" });
  expect(begun).toHaveLength(1);
  clock.ms = 10_001;
  const again = name();
  (await newest(2)).succeed("a");
  expect(await again).toBe("a");
});

test("the one before answers until the next one is ready, and is closed when nobody has it any more", async () => {
  const { model, opened, name, newest, closed } = hot();
  await opened("a");
  let finish: (text: string) => void = () => undefined;
  const underWay = model.use(() => new Promise<string>((resolve) => (finish = resolve)));
  const changed = model.change();
  const load = await newest(2);
  expect(await name()).toBe("a");
  load.succeed("b");
  await changed;
  expect(await name()).toBe("b");
  expect(model.state).toMatchObject({ kind: "ready", name: "b" });
  expect(closed).toEqual([]);
  finish("written by a");
  expect(await underWay).toBe("written by a");
  await expect.poll(() => closed).toEqual(["a"]);
});

test("where the next one cannot be loaded, the one before goes on and it is told why", async () => {
  const { model, opened, name, newest, closed } = hot();
  await opened("a");
  const changed = model.change();
  (await newest(2)).fail(new AppError("checkpoint-missing", "the file is gone"));
  await expect(changed).rejects.toThrow("the file is gone");
  expect(await name()).toBe("a");
  expect(model.state).toMatchObject({ kind: "ready", name: "a" });
  expect(model.notices).toEqual([
    "the model chosen last cannot answer, so the one before goes on: the file is gone",
  ]);
  const better = model.change();
  (await newest(3)).succeed("b");
  await better;
  expect(model.notices).toEqual([]);
  await expect.poll(() => closed).toEqual(["a"]);
});

test("of two changes in a row the newer one counts, and the older one is not loaded to the end", async () => {
  const { model, opened, name, newest, closed } = hot();
  await opened("a");
  const changes = [model.change()];
  const given = await newest(2);
  changes.push(model.change());
  expect(given.signal.aborted).toBe(true);
  (await newest(3)).succeed("c");
  await Promise.all(changes);
  expect(await name()).toBe("c");
  await expect.poll(() => closed).toEqual(["a"]);
});

test("there are never more than two: a third one waits until the first is gone", async () => {
  const { model, opened, newest, begun, closed } = hot();
  await opened("a");
  let finish: () => void = () => undefined;
  const underWay = model.use(() => new Promise<void>((resolve) => (finish = resolve)));
  const second = model.change();
  (await newest(2)).succeed("b");
  await second;
  const third = model.change();
  await new Promise(setImmediate);
  expect(begun).toHaveLength(2);
  finish();
  await underWay;
  (await newest(3)).succeed("c");
  await third;
  expect(model.state).toMatchObject({ name: "c" });
  await expect.poll(() => closed).toEqual(["a", "b"]);
});

test("what is being learned ends before the next one takes over, whatever is chosen meanwhile", async () => {
  let endLesson: () => void = () => undefined;
  const { model, opened, name, newest, begun } = hot(new Promise((resolve) => (endLesson = resolve)));
  await opened("a");
  const changed = model.change();
  (await newest(2)).succeed("b");
  await new Promise(setImmediate);
  expect(await name()).toBe("a");
  const again = model.change();
  await new Promise(setImmediate);
  expect(begun).toHaveLength(2);
  endLesson();
  (await newest(3)).succeed("c");
  await Promise.all([changed, again]);
  expect(await name()).toBe("c");
});

test("who comes too late to learn with the one before is served by the next one", async () => {
  const { model, opened, newest } = hot();
  await opened("a");
  const met: string[] = [];
  let meet: () => void = () => undefined;
  const isMet = new Promise<void>((resolve) => (meet = resolve));
  const asked = model.use(async ({ loaded }) => {
    met.push(loaded.path);
    if (met.length > 1) return loaded.path;
    await isMet;
    throw new AppError("learning-closed", "learning was closed");
  });
  const changed = model.change();
  (await newest(2)).succeed("b");
  await changed;
  meet();
  expect(await asked).toBe("/models/b");
  expect(met).toEqual(["/models/a", "/models/b"]);
});

test("nothing is loaded for a change while nothing is, and what failed is tried again at once", async () => {
  const { model, name, newest, begun } = hot();
  await model.change();
  expect(begun).toHaveLength(0);
  const failing = name();
  (await newest(1)).fail(new Error("broken"));
  await expect(failing).rejects.toThrow("broken");
  await model.change();
  const again = name();
  (await newest(2)).succeed("b");
  expect(await again).toBe("b");
});

test("a change that comes while the first one is loaded lets it answer, and is next", async () => {
  const { model, name, newest } = hot();
  const first = name();
  const load = await newest(1);
  const changed = model.change();
  load.succeed("a");
  expect(await first).toBe("a");
  (await newest(2)).succeed("b");
  await changed;
  expect(await name()).toBe("b");
});

test("let go in the middle of a change, both are closed and nobody is told of a failure", async () => {
  const { model, opened, newest, closed } = hot();
  await opened("a");
  const changed = model.change();
  const load = await newest(2);
  await model.unload();
  await changed;
  expect(load.signal.aborted).toBe(true);
  expect(closed).toEqual(["a"]);
  expect(model.state).toEqual({ kind: "unloaded" });
  expect(model.notices).toEqual([]);
});
