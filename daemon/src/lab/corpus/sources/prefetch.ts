/** Starts work on the next few items while the one before them is being used. */

interface PrefetchOptions<Item, Result> {
  readonly items: readonly Item[];
  /** At most this many are under way or waiting to be used. */
  readonly ahead: number;
  readonly work: (item: Item, signal: AbortSignal) => Promise<Result>;
  readonly signal: AbortSignal;
}

/**
 * The results in the order of the items. Ends with the first failure in that order, or when the consumer stops; either
 * way the work that is still under way is aborted and waited for.
 */
export async function* prefetch<Item, Result>(
  options: PrefetchOptions<Item, Result>,
): AsyncGenerator<Result> {
  const { items, ahead, work } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const underWay: Promise<Result>[] = [];
  let next = 0;
  const start = () => {
    for (const item of items.slice(next, next + 1)) {
      const promise = work(item, signal);
      // It may fail before its turn comes; the failure is met where it is awaited.
      promise.catch(() => undefined);
      underWay.push(promise);
    }
    next++;
  };
  try {
    while (next < ahead && next < items.length) start();
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) {
      const result = await first;
      start();
      yield result;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(underWay);
  }
}
