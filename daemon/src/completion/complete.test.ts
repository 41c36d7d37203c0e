import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createByteTokenizer, createFakeModel } from "../../test/fakeEngine.js";
import { createEngine, type GenerateOptions, loadTokenizer, type Model } from "../engine/engine.js";
import { GREEDY } from "../engine/greedy.js";
import { embeddedModelPath } from "../models/modelFiles.js";
import { createSession } from "../states/session.js";
import { type CompleteOptions, complete } from "./complete.js";

const tokenizer = createByteTokenizer();
const fake = createFakeModel({ vocabularySize: tokenizer.size, seed: 1 });
const place = { path: "a.ts", prefix: "const a = 1;\n", suffix: "" };
const never = new AbortController().signal;

/** Writes `text`, one byte per token, as long as nobody stops it; counts what it wrote. */
function scripted(text: string, options: { unsureFrom?: number; onToken?: (at: number) => void } = {}) {
  const wrote = { tokens: 0, stopStrings: [] as readonly string[] };
  const generate = async ({ signal, stopStrings = [], onToken, tokensMax }: GenerateOptions) => {
    wrote.stopStrings = stopStrings;
    const tokens: number[] = [];
    const logProbabilities: number[] = [];
    const end = (stoppedBy: "token" | "limit" | "string" | "cancel") => ({
      kind: stoppedBy === "cancel" ? ("cancelled" as const) : ("finished" as const),
      tokens: Uint32Array.from(tokens),
      logProbabilities: Float32Array.from(logProbabilities),
      stoppedBy,
    });
    for (const [at, token] of tokenizer.encode(text).entries()) {
      await new Promise(setImmediate);
      options.onToken?.(at);
      if (signal?.aborted) return end("cancel");
      if (at >= tokensMax) return end("limit");
      tokens.push(token);
      logProbabilities.push(at >= (options.unsureFrom ?? text.length) ? -3 : -0.01);
      wrote.tokens = tokens.length;
      onToken?.(token, logProbabilities.at(-1) ?? 0);
      if (stopStrings.some((stop) => tokenizer.decode(Uint32Array.from(tokens)).includes(stop)))
        return end("string");
    }
    return end("token");
  };
  return { model: { ...fake, generate } satisfies Model, wrote };
}

type Ending = { multiline: "auto" | "never" } | { stop: string };
function ask(
  model: Model,
  ending: Ending,
  changes: Partial<Omit<CompleteOptions, "stop" | "multiline">> = {},
) {
  const common = {
    model,
    tokenizer,
    adapterScope: "boundary" as const,
    place,
    sampling: GREEDY,
    tokensMax: 64,
  };
  return complete({ ...common, signal: never, ...changes, ...ending });
}

describe("a completion ends", () => {
  test.each([
    ["with the line", { multiline: "never" }, "log(1);\nmore", "log(1);", "string"],
    ["before the stop text", { stop: "\n\n" }, "a\nb\n\nc", "a\nb", "string"],
    ["with the model, where there is no stop text", { stop: "" }, "a\nb\n\nc", "a\nb\n\nc", "token"],
    ["with the model, over lines it is sure of", { multiline: "auto" }, "a\nb", "a\nb", "token"],
    ["before what stands there already", { multiline: "auto" }, "b();\nb();\nc", "b();", "repeated"],
    ["with nothing, where the model wants a new line", { multiline: "auto" }, "\nb", "", "nothing"],
  ] as const)("%s", async (_name, ending, script, text, stoppedBy) => {
    const completion = await ask(scripted(script).model, ending);
    expect(completion).toMatchObject({ kind: "finished", text, stoppedBy });
  });

  test("with its tokens and no more, and the engine writes no more than one token on", async () => {
    const { model, wrote } = scripted("a\nb\nc".padEnd(60, "d"), { unsureFrom: 4 });
    const completion = await ask(model, { multiline: "auto" });
    expect(completion).toMatchObject({ kind: "finished", text: "a\nb", stoppedBy: "unsure" });
    if (completion.kind === "cancelled") return;
    expect(tokenizer.decode(completion.tokens)).toBe("a\nb");
    expect(completion.logProbabilities.length).toBe(3);
    expect(wrote.tokens).toBeLessThanOrEqual(6);
  });

  test("with the line where something stands right of the cursor, which the engine itself stops at", async () => {
    const { model, wrote } = scripted("a\nb");
    const completion = await ask(model, { multiline: "auto" }, { place: { ...place, suffix: " + c;\n" } });
    expect(completion).toMatchObject({ text: "a", stoppedBy: "string" });
    expect(wrote.stopStrings).toEqual(["\n"]);
  });

  test("cancelled, when it is cancelled from outside", async () => {
    const controller = new AbortController();
    const { model } = scripted("abcdef", { onToken: (at) => at === 3 && controller.abort() });
    expect(await ask(model, { multiline: "auto" }, { signal: controller.signal })).toEqual({
      kind: "cancelled",
    });
    expect(await ask(fake, { stop: "\n" }, { signal: AbortSignal.abort() })).toEqual({ kind: "cancelled" });
  });
});

test("with a session, answers the same and reads only what has changed", async () => {
  const engine = createEngine({ threads: 1 });
  const words = loadTokenizer(join(dirname(embeddedModelPath()), "vocab.txt"));
  const model = await engine.initialModel({
    shape: { layers: 2, width: 64, vocabularySize: words.size },
    seed: 2,
  });
  const session = createSession({ model, statesMax: 16 });
  const prefix = "function first() {\n  return second(1, 2, 3);\n}\n\nconst value = first();\n";
  const from = prefix.length - 12;
  for (let end = from; end <= prefix.length; end++) {
    const place = { path: "a.ts", prefix: prefix.slice(0, end), suffix: "\n}\n" };
    const typed = { place, tokenizer: words, tokensMax: 12 };
    const alone = await ask(model, { stop: "" }, typed);
    const kept = await ask(model, { stop: "" }, { ...typed, session });
    if (alone.kind === "cancelled" || kept.kind === "cancelled") throw new Error("nobody cancels here");
    expect({ ...kept, tokensRead: alone.tokensRead }).toEqual(alone);
    expect(alone.tokensRead).toBe(alone.prompt.boundary);
    if (end > from) expect(kept.tokensRead).toBeLessThan(alone.tokensRead / 2);
  }
  engine.close();
});

test("where the adapter reads too, nothing is taken from a session", async () => {
  const session = createSession({ model: fake, statesMax: 4 });
  await ask(fake, { stop: "\n" }, { session, adapterScope: "whole" });
  expect(session.size).toBe(0);
});
