import { expect, it } from "vitest";
import { createTurnstile } from "./serialQueue.js";

it("lets one through at a time, in order, also after a failure", async () => {
  const turnstile = createTurnstile();
  const seen: string[] = [];
  const pass = (name: string, fails: readonly string[] = []) =>
    turnstile.pass(async () => {
      seen.push(`${name} in`);
      await Promise.resolve();
      seen.push(`${name} out`);
      if (fails.includes(name)) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([pass("a"), pass("b", ["b"]), pass("c")]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
});

it("turns away when too many wait, and when closed", async () => {
  const turnstile = createTurnstile();
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const waiting = Array.from({ length: 64 }, () => turnstile.pass(() => gate));
  await expect(turnstile.pass(() => gate)).rejects.toMatchObject({ code: "learning-busy" });
  open();
  await Promise.all(waiting);
  await turnstile.pass(async () => undefined);
  await turnstile.close();
  await expect(turnstile.pass(async () => undefined)).rejects.toMatchObject({ code: "learning-closed" });
});
