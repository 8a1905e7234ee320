import type { Paged } from "@berth/oci";

/** A list that is at hand as a whole, in pages. Every iteration loads it anew. */
export function pagedList<T>(load: () => Promise<readonly T[]>, pageSize = 1000): Paged<T> {
  async function* pages(): AsyncGenerator<readonly T[]> {
    const all = await load();
    for (let at = 0; at < all.length; at += pageSize) yield all.slice(at, at + pageSize);
  }
  return {
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page;
    },
  };
}
