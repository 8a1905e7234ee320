import type { ListOptions, Paged } from "@berth/oci";
import type { PageRequest } from "../metadata/records.ts";

const DEFAULT_PAGE = 1000;

/** A list of texts in byte order, by default 1000 a page. */
export function pagedTexts<Item extends string>(
  readPage: (page: PageRequest) => Promise<readonly Item[]>,
  { last, pageSize = DEFAULT_PAGE, signal }: ListOptions = {},
): Paged<Item> {
  return paged(
    async (after: string | undefined, limit) => {
      signal?.throwIfAborted();
      return await readPage({ limit, ...(after === undefined ? {} : { last: after }) });
    },
    (item) => item,
    { after: last, limit: pageSize },
  );
}

/**
 * A list that reads one page at a time from a keyset query.
 *
 * @param fetchPage gives up to `limit` items after a key
 * @param keyOf the key of an item
 */
export function paged<Item, Key>(
  fetchPage: (after: Key | undefined, limit: number) => Promise<readonly Item[]>,
  keyOf: (item: Item) => Key,
  options: { readonly after?: Key | undefined; readonly limit: number },
): Paged<Item> {
  async function* pages(): AsyncGenerator<readonly Item[]> {
    let after = options.after;
    for (;;) {
      const page = await fetchPage(after, options.limit);
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      if (page.length < options.limit) return;
      after = keyOf(last);
    }
  }
  return {
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page;
    },
  };
}
