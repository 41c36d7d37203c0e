/** Many small runs of a model as one batch: the engine takes the tokens of up to 16 through its weights at once. */

import type { Cancelled } from "../../engine/engine.js";

/** Runs that one reading of the weights serves at most (native/src/base/run_thread.h). */
const BATCH_MAX = 16;

/** The results in the order of the items; cancelled as soon as one is. */
export async function runBatched<Item, Result extends { readonly kind: "finished" }>(options: {
  readonly items: readonly Item[];
  readonly work: (item: Item, index: number) => Promise<Result | Cancelled>;
  readonly onDone: (done: number) => void;
}): Promise<readonly Result[] | Cancelled> {
  const { items, work, onDone } = options;
  const waiting = items.entries();
  const results = new Map<number, Result>();
  let isCancelled = false;
  const worker = async () => {
    // One iterator is shared: each worker takes the next item that nobody has.
    for (const [index, item] of waiting) {
      const result = await work(item, index);
      if (result.kind === "cancelled") isCancelled = true;
      else results.set(index, result);
      if (isCancelled) return;
      onDone(results.size);
    }
  };
  await Promise.all(Array.from({ length: BATCH_MAX }, worker));
  if (isCancelled) return { kind: "cancelled" };
  return items.flatMap((_item, index) => results.get(index) ?? []);
}
