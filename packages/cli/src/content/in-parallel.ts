/** Small requests to one registry at a time. */
export const LOOK_UPS = 8;

/**
 * Does work for each item, some at a time, and gives what came out in the order of the items. When one fails no more are started, and the
 * failure is thrown when those that run have ended.
 *
 * @param limit items at a time
 */
export async function* inParallel<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const one = work(item);
      one.catch(() => undefined); // it is awaited below, in its turn
      running.push(one);
      const [first] = running;
      if (running.length >= limit && first !== undefined) {
        yield await first;
        void running.shift();
      }
    }
    for (let first = running[0]; first !== undefined; first = running[0]) {
      yield await first;
      void running.shift();
    }
  } finally {
    await Promise.allSettled(running);
  }
}
