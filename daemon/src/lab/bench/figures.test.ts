import { describe, expect, test } from "vitest";
import { bytesPerToken, readOperations, trainOperations } from "./costs.js";
import { type BenchRun, measureInTurns, summarize } from "./figures.js";
import { depthsUpTo } from "./states.js";

const noProgress = () => {};

function watched(): { readonly run: BenchRun; readonly stop: () => void } {
  const controller = new AbortController();
  return { run: { signal: controller.signal, onProgress: noProgress }, stop: () => controller.abort() };
}

describe("summarize", () => {
  test.each([
    ["rates, whose best is the largest", [3, 1, 2], "most", { median: 2, best: 3, spread: 1 }],
    ["times, whose best is the smallest", [3, 1, 2], "least", { median: 2, best: 1, spread: 1 }],
    ["one round", [4], "most", { median: 4, best: 4, spread: 0 }],
  ] as const)("%s", (_name, values, best, expected) => expect(summarize(values, best)).toEqual(expected));

  test("leaves the values in their order", () => {
    const values = [3, 1, 2];
    summarize(values, "most");
    expect(values).toEqual([3, 1, 2]);
  });
});

describe("measuring in turns", () => {
  const limit = { name: "limit", unit: "GB/s", perSecond: () => 2e9 } as const;

  test("runs the limit and then every task, round by round, and does not count the first", async () => {
    const seen: string[] = [];
    const task = (name: string) => ({
      name,
      unit: "tokens/s",
      amount: 1,
      run: async () => seen.push(name) > 0,
    });
    const { run } = watched();
    const perSecond = () => {
      seen.push("limit");
      return 1;
    };
    const figures = await measureInTurns({
      tasks: [task("a"), task("b")],
      limit: { ...limit, perSecond },
      rounds: 2,
      run,
    });
    expect(seen).toEqual(["a", "b", "limit", "a", "b", "limit", "a", "b"]);
    expect(figures?.map(({ rounds }) => rounds)).toEqual([2, 2]);
  });

  test("divides the work per second by the limit, and tells the time of one of several", async () => {
    const { run } = watched();
    const sleep = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 20));
    const tasks = [{ name: "a", unit: "ms", amount: 10, work: 1e6, run: sleep }];
    const [figure] = (await measureInTurns({ tasks, limit, rounds: 3, run })) ?? [];
    const { median = 0, fraction = 0 } = figure ?? {};
    expect(median).toBeGreaterThan(1.5);
    expect(fraction).toBeCloseTo(1e6 / ((median * 10) / 1000) / 2e9, 8);
    expect(figure?.limit).toEqual({ name: "limit", unit: "GB/s", median: 2, best: 2, spread: 0 });
  });

  test("is undefined once it was stopped, whoever notices", async () => {
    const { run, stop } = watched();
    const stopping = async () => {
      stop();
      return true;
    };
    const refusing = async () => false;
    const task = { name: "a", unit: "ms", amount: 1 };
    expect(await measureInTurns({ tasks: [{ ...task, run: refusing }], run: watched().run })).toBe(undefined);
    expect(await measureInTurns({ tasks: [{ ...task, run: stopping }], run })).toBe(undefined);
  });
});

test.each([
  [1000, [1000]],
  [4096, [1024, 4096]],
  [100_000, [1024, 4096, 16_384, 65_536, 100_000]],
])("depths up to %i tokens end there", (tokensMax, depths) => {
  expect(depthsUpTo(tokensMax)).toEqual(depths);
});

test("a token reads all but the embedding, and only rows with logits meet the head", () => {
  const info = {
    layers: 1,
    width: 64,
    heads: 1,
    headSize: 64,
    vocabularySize: 1000,
    ffnWidth: 256,
    loraRanks: { w: 32, a: 32, v: 32, g: 32 },
    parameters: 2 * 64_000 + 50_000,
    hash: "",
  };
  expect(bytesPerToken({ info, weights: "f32" })).toBe(4 * (64_000 + 50_000));
  expect(bytesPerToken({ info, weights: "q4" })).toBe((34 / 32) * 64_000 + (18 / 32) * 50_000);
  expect(readOperations(info, 10, 1)).toBe(2 * (10 * 50_000 + 64_000));
  expect(trainOperations(info, 10, "all")).toBe(3 * 2 * 10 * (50_000 + 64_000));
  expect(trainOperations(info, 10, "few")).toBe(2 * 2 * 10 * (50_000 + 64_000));
});
