import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createByteTokenizer, createFakeModel } from "../../test/fakeEngine.js";
import { createEngine, type GenerateOptions, loadTokenizer, type Model } from "../engine/engine.js";
import { GREEDY } from "../engine/greedy.js";
import { embeddedModelPath } from "../models/modelFiles.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import { Session } from "../states/session.js";
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

function ask(model: Model, stop: CompleteOptions["stop"], changes: Partial<CompleteOptions> = {}) {
  const prompt = completionPrompt({ tokenizer, ...place });
  const common = { model, tokenizer, prompt, sampling: GREEDY, tokensMax: 64, signal: never };
  return complete({ ...common, adapterScope: "boundary", stop, ...changes });
}

describe("a completion ends", () => {
  test.each([
    ["with the line", "\n", "log(1);\nmore", "log(1);", "string"],
    ["before the stop text", "\n\n", "a\nb\n\nc", "a\nb", "string"],
    ["with the model, where there is no stop text", "", "a\nb\n\nc", "a\nb\n\nc", "token"],
    ["with the model, over lines it is sure of", place, "a\nb", "a\nb", "token"],
    ["before what stands there already", place, "b();\nb();\nc", "b();", "repeated"],
    ["with nothing, where the model wants a new line", place, "\nb", "", "nothing"],
  ] as const)("%s", async (_name, stop, script, text, stoppedBy) => {
    const draft = await ask(scripted(script).model, stop);
    expect(draft).toMatchObject({ kind: "finished", text, stoppedBy });
  });

  test("with its tokens and no more, and the engine writes no more than one token on", async () => {
    const { model, wrote } = scripted("a\nb\nc".padEnd(60, "d"), { unsureFrom: 4 });
    const draft = await ask(model, place);
    expect(draft).toMatchObject({ kind: "finished", text: "a\nb", stoppedBy: "unsure" });
    if (draft.kind === "cancelled") return;
    expect(tokenizer.decode(draft.tokens)).toBe("a\nb");
    expect(draft.logProbabilities.length).toBe(3);
    expect(wrote.tokens).toBeLessThanOrEqual(6);
  });

  test("with the line where something stands right of the cursor, which the engine itself stops at", async () => {
    const { model, wrote } = scripted("a\nb");
    const midLine = { ...place, suffix: " + c;\n" };
    const prompt = completionPrompt({ tokenizer, ...midLine });
    const draft = await ask(model, midLine, { prompt });
    expect(draft).toMatchObject({ text: "a", stoppedBy: "string" });
    expect(wrote.stopStrings).toEqual(["\n"]);
  });

  test("cancelled, when it is cancelled from outside", async () => {
    const controller = new AbortController();
    const { model } = scripted("abcdef", { onToken: (at) => at === 3 && controller.abort() });
    expect(await ask(model, place, { signal: controller.signal })).toEqual({
      kind: "cancelled",
    });
    expect(await ask(fake, "\n", { signal: AbortSignal.abort() })).toEqual({ kind: "cancelled" });
  });
});

describe("a text that was taught", () => {
  const LONG = `${"call(a, b);\n".repeat(30)}end(`;
  const written = async (
    script: string,
    taught: readonly string[],
    changes: Partial<CompleteOptions> = {},
  ) => {
    const draft = await ask(scripted(script, { unsureFrom: 3 }).model, place, {
      taught,
      tokensMax: 8,
      ...changes,
    });
    if (draft.kind === "cancelled") throw new Error("nobody cancels here");
    const { text, isTaught, stoppedBy } = draft;
    return { text, isTaught, stoppedBy };
  };

  test("comes out to its end, past every limit and whatever the model is sure of", async () => {
    expect(await written(LONG, [LONG])).toEqual({ text: LONG, isTaught: true, stoppedBy: "token" });
  });

  test("ends with its line where no token ends a continuation", async () => {
    const stopped = { isTaught: true, stoppedBy: "taught" };
    expect(await written("f(\n  a,\n", ["f("])).toEqual({ text: "f(", ...stopped });
    expect(await written("f(\n  a,\nb", ["f(", "f(\n  a,"])).toEqual({ text: "f(\n  a,", ...stopped });
    expect(await written("f(\n  b,\nb", ["f(", "f(\n  a,"])).toEqual({ text: "f(", ...stopped });
    expect(await written("\n", [""])).toEqual({ text: "", ...stopped });
  });

  test("gives no more room to what only begins like it", async () => {
    const alone = await written("a(b, c, d, e);", []);
    expect(alone).toEqual({ text: "a(b, c, ", isTaught: false, stoppedBy: "limit" });
    expect(await written("a(b, c, d, e);", ["a(b, c, d, f);"])).toEqual(alone);
    const lines = await written("a\nbcd\ne", []);
    expect(lines).toEqual({ text: "a", isTaught: false, stoppedBy: "unsure" });
    expect(await written("a\nbcd\ne", ["a\nbcd\nf"])).toEqual(lines);
    expect((await written("a\nbcd", ["a\nbcd\nf"])).text).toBe("a");
  });

  test("needs no more of the engine's tokens than one past its limit", async () => {
    const { model, wrote } = scripted("a(b, c, d, e, f, g, h);");
    await ask(model, place, { taught: ["b".repeat(100)], tokensMax: 8 });
    expect(wrote.tokens).toBeLessThanOrEqual(10);
  });
});

test("with a session, answers the same and reads only what has changed", async () => {
  const engine = createEngine({ threads: 1 });
  const words = loadTokenizer(join(dirname(embeddedModelPath()), "vocab.txt"));
  const model = await engine.initialModel({
    shape: { layers: 2, width: 64, vocabularySize: words.size },
    seed: 2,
  });
  const session = new Session({ model, statesMax: 16 });
  const prefix = "function first() {\n  return second(1, 2, 3);\n}\n\nconst value = first();\n";
  const from = prefix.length - 12;
  for (let end = from; end <= prefix.length; end++) {
    const place = { path: "a.ts", prefix: prefix.slice(0, end), suffix: "\n}\n" };
    const prompt = completionPrompt({ tokenizer: words, ...place });
    const typed = { prompt, tokenizer: words, tokensMax: 12 };
    const alone = await ask(model, "", typed);
    const kept = await ask(model, "", { ...typed, session });
    if (alone.kind === "cancelled" || kept.kind === "cancelled") throw new Error("nobody cancels here");
    expect({ ...kept, tokensRead: alone.tokensRead }).toEqual(alone);
    expect(alone.tokensRead).toBe(prompt.boundary);
    if (end > from) expect(kept.tokensRead).toBeLessThan(alone.tokensRead / 2);
  }
  engine.close();
});

test("where the adapter reads too, nothing is taken from a session", async () => {
  const session = new Session({ model: fake, statesMax: 4 });
  await ask(fake, "\n", { session, adapterScope: "whole" });
  expect(session.size).toBe(0);
});
