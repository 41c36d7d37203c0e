import { expect, it } from "vitest";
import { SerialQueue } from "./serialQueue.js";

it("runs one at a time, in order, also after a failure", async () => {
  const queue = new SerialQueue();
  const seen: string[] = [];
  const run = (name: string, fails: readonly string[] = []) =>
    queue.run(async () => {
      seen.push(`${name} in`);
      await Promise.resolve();
      seen.push(`${name} out`);
      if (fails.includes(name)) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([run("a"), run("b", ["b"]), run("c")]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
});

it("turns away when too many wait, and when closed", async () => {
  const queue = new SerialQueue();
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const waiting = Array.from({ length: 64 }, () => queue.run(() => gate));
  await expect(queue.run(() => gate)).rejects.toMatchObject({ code: "learning-busy" });
  open();
  await Promise.all(waiting);
  await queue.run(async () => undefined);
  await queue.close();
  await expect(queue.run(async () => undefined)).rejects.toMatchObject({ code: "learning-closed" });
});
