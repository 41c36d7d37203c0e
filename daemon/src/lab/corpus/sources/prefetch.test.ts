import { setTimeout as sleep } from "node:timers/promises";
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
    const items = [30, 1, 20, 5];
    const work = async (ms: number) => {
      await sleep(ms);
      return ms;
    };
    expect(await collect(prefetch({ items, ahead: 4, work, signal: never }))).toEqual(items);
  });

  it("has no more under way than it may", async () => {
    let underWay = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++underWay);
      await sleep(2);
      underWay--;
    };
    await collect(prefetch({ items: Array.from({ length: 9 }), ahead: 3, work, signal: never }));
    expect(most).toBe(3);
  });

  it("ends with the first failure in order and aborts what is under way", async () => {
    const aborted: number[] = [];
    const work = async (item: number, signal: AbortSignal) => {
      if (item === 1) throw new Error("one failed");
      await sleep(item === 0 ? 5 : 60_000, undefined, { signal }).catch((cause) => {
        aborted.push(item);
        throw cause;
      });
      return item;
    };
    const results = prefetch({ items: [0, 1, 2], ahead: 3, work, signal: never });
    expect(await results.next()).toEqual({ done: false, value: 0 });
    await expect(results.next()).rejects.toThrow("one failed");
    expect(aborted).toEqual([2]);
  });
});
