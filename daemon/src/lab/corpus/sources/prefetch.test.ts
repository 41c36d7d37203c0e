import { describe, expect, it } from "vitest";
import { prefetch } from "./prefetch.js";

const never = new AbortController().signal;

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe("prefetch", () => {
  it("keeps the order of the items, whichever is ready first", async () => {
    const finish: (() => void)[] = [];
    const work = (item: number) =>
      new Promise<number>((resolve) => {
        finish[item] = () => resolve(item);
      });
    const collected = collect(prefetch({ items: [0, 1, 2, 3], ahead: 4, work, signal: never }));
    await expect.poll(() => finish.length).toBe(4);
    for (const item of [1, 3, 2, 0]) finish[item]?.();
    expect(await collected).toEqual([0, 1, 2, 3]);
  });

  it("has as many under way as it may, and no more", async () => {
    const finish: (() => void)[] = [];
    const work = () => new Promise<void>((resolve) => finish.push(resolve));
    const collected = collect(prefetch({ items: Array.from({ length: 9 }), ahead: 3, work, signal: never }));
    for (let finished = 0; finished < 9; finished++) {
      await expect.poll(() => finish.length, { interval: 1 }).toBe(Math.min(9, finished + 3));
      finish[finished]?.();
    }
    await collected;
    expect(finish).toHaveLength(9);
  });

  it("ends with the first failure in order and aborts what is under way", async () => {
    const aborted: number[] = [];
    const work = async (item: number, signal: AbortSignal) => {
      if (item === 1) throw new Error("one failed");
      if (item === 0) return item;
      return new Promise<number>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted.push(item);
          reject(signal.reason);
        });
      });
    };
    const results = prefetch({ items: [0, 1, 2], ahead: 3, work, signal: never });
    expect(await results.next()).toEqual({ done: false, value: 0 });
    await expect(results.next()).rejects.toThrow("one failed");
    expect(aborted).toEqual([2]);
  });
});
