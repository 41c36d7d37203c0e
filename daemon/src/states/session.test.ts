import { instructionSets } from "@ouroboros/native/kernels";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine, type Model, type State } from "../engine/engine.js";
import { Session } from "./session.js";

const VOCABULARY = 300;
const SHAPE = { layers: 2, width: 64, vocabularySize: VOCABULARY };
let engine: Engine;
let model: Model;
beforeAll(async () => {
  engine = createEngine({ threads: 1 });
  model = await engine.initialModel({ shape: SHAPE, seed: 3 });
});
afterAll(() => engine.close());

const never = new AbortController().signal;
const bytesOf = (state: State) => Buffer.from(model.stateToBytes(state));

async function readWhole(tokens: Uint32Array): Promise<State> {
  const read = await model.read({ state: model.zeroState(), tokens });
  if (read.kind === "cancelled") throw new Error("nobody cancels here");
  return read.state;
}

function ask(
  session: Session,
  tokens: Uint32Array,
  changes: { marks?: number[]; signal?: AbortSignal } = {},
) {
  const { marks = [], signal = never } = changes;
  return session.stateBefore({
    tokens,
    boundary: tokens.length - 1,
    marks,
    signal,
    priority: "interactive",
  });
}

async function tokensRead(session: Session, tokens: Uint32Array, marks: number[] = []): Promise<number> {
  const read = await ask(session, tokens, { marks });
  if (read.kind === "cancelled") throw new Error("nobody cancels here");
  return read.tokensRead;
}

const range = (length: number, first = 0) => Uint32Array.from({ length }, (_zero, at) => first + at);
/** `base` up to `keep`, then others. */
const changedFrom = (base: Uint32Array, keep: number) =>
  Uint32Array.from(base, (token, at) => (at < keep ? token : token + 1));

describe("a session's States", () => {
  test("are, bit for bit, those of reading everything from the start, whatever was asked before", async () => {
    const prompt = fc.array(fc.nat(5), { minLength: 1, maxLength: 40 });
    const request = fc.record({
      keep: fc.nat(40),
      next: prompt,
      marks: fc.array(fc.nat(60), { maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 6 }),
        fc.integer({ min: 2, max: 6 }),
        async (requests, statesMax) => {
          const session = new Session({ model, statesMax });
          let tokens = new Uint32Array();
          for (const { keep, next, marks } of requests) {
            tokens = Uint32Array.from([...tokens.subarray(0, keep), ...next]);
            const read = await ask(session, tokens, { marks });
            if (read.kind === "cancelled") throw new Error("nobody cancels here");
            const whole = await readWhole(tokens.subarray(0, tokens.length - 1));
            expect(bytesOf(read.state).equals(bytesOf(whole))).toBe(true);
            expect(session.size).toBeLessThanOrEqual(statesMax);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  // The kernels of each set cut their rows in their own way.
  test.each(instructionSets())("are the same however a prompt is cut, %s", async (instructionSet) => {
    const other = createEngine({ threads: 2, instructionSet });
    const sameModel = await other.initialModel({ shape: SHAPE, seed: 3 });
    const tokens = range(210);
    for (let boundary = 1; boundary < tokens.length; boundary += 13) {
      const request = { tokens, boundary, signal: never, priority: "interactive" } as const;
      const whole = await new Session({ model: sameModel, statesMax: 2 }).stateBefore({
        ...request,
        marks: [],
      });
      const marks = [4, 13, 18, 50, 64, 101, 128, 129, 203];
      const cut = await new Session({ model: sameModel, statesMax: 16 }).stateBefore({
        ...request,
        marks,
      });
      if (whole.kind === "cancelled" || cut.kind === "cancelled") throw new Error("nobody cancels here");
      const bytes = sameModel.stateToBytes(whole.state);
      expect(Buffer.from(sameModel.stateToBytes(cut.state)).equals(bytes)).toBe(true);
    }
    other.close();
  });

  test("overlapping requests answer as they would alone", async () => {
    const session = new Session({ model, statesMax: 4 });
    const prompts = [40, 30, 20, 35, 40].map((keep) => changedFrom(range(50), keep));
    const reads = await Promise.all(prompts.map((tokens) => ask(session, tokens, { marks: [10, 20, 30] })));
    for (const [at, read] of reads.entries()) {
      if (read.kind === "cancelled") throw new Error("nobody cancels here");
      const whole = await readWhole(prompts[at]?.subarray(0, 49) ?? new Uint32Array());
      expect(bytesOf(read.state).equals(bytesOf(whole))).toBe(true);
    }
  });
});

describe("what is read again", () => {
  const base = range(101);
  test.each([
    ["nothing, where the prompt is the same", 101, 0],
    ["all after the nearest mark before the change", 95, 100 - 88],
    ["all after an earlier mark", 70, 100 - 64],
    ["everything, where nothing is left of what was read", 0, 100],
    ["a mark on the very token that changed is before it", 64, 100 - 64],
  ])("%s", async (_name, keep, expected) => {
    const session = new Session({ model, statesMax: 8 });
    expect(await tokensRead(session, base, [0, 64, 90])).toBe(100);
    expect(await tokensRead(session, changedFrom(base, keep))).toBe(expected);
  });

  test("finds what was read before the last change, as after an undo", async () => {
    const session = new Session({ model, statesMax: 8 });
    await tokensRead(session, base, [64]);
    await tokensRead(session, changedFrom(base, 70), [64]);
    expect(await tokensRead(session, base, [64])).toBe(0);
  });

  test("a mark that is still asked for outlives many prompts", async () => {
    const session = new Session({ model, statesMax: 4 });
    for (let at = 0; at < 20; at++) await tokensRead(session, changedFrom(base, 80 + at), [64]);
    expect(await tokensRead(session, changedFrom(base, 65))).toBe(100 - 64);
    expect(session.size).toBe(4);
  });

  test("a cancelled reading keeps what it got to", async () => {
    const session = new Session({ model, statesMax: 8 });
    const controller = new AbortController();
    const marks = [8, 16, 24, 32];
    const reading = ask(session, base, { marks, signal: controller.signal });
    while (session.size < 2) await new Promise(setImmediate);
    controller.abort();
    expect((await reading).kind).toBe("cancelled");
    const kept = session.size;
    expect(kept).toBeLessThan(5);
    expect(await tokensRead(session, base)).toBe(100 - 8 * kept);
  });
});
