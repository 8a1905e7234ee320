import type { ListOptions, Paged } from "@berth/oci";

/** Items a page when nobody says. */
const DEFAULT_PAGE = 1000;

/**
 * Texts that a store has at hand as a list in pages: in byte order, each once. They are read when the list is, and anew each time.
 *
 * @throws {RangeError} when the size of a page is none.
 */
export function pagedTexts(
  read: () => Iterable<string> | Promise<Iterable<string>>,
  { last, pageSize = DEFAULT_PAGE, signal }: ListOptions = {},
): Paged<string> {
  return pagedItems(
    async () => [...new Set(await read())].sort(byBytes).filter((text) => last === undefined || byBytes(text, last) > 0),
    pageSize,
    signal,
  );
}

/** Items that a store has at hand as a list in pages. @throws {RangeError} when the size of a page is none. */
export function pagedItems<T>(read: () => Promise<readonly T[]>, pageSize: number = DEFAULT_PAGE, signal?: AbortSignal): Paged<T> {
  if (!Number.isSafeInteger(pageSize) || pageSize < 1) {
    throw new RangeError(`Cannot list: page size is ${pageSize}, expected a whole number from 1`);
  }
  async function* pages(): AsyncGenerator<readonly T[]> {
    signal?.throwIfAborted();
    const items = await read();
    for (let at = 0; at < items.length; at += pageSize) {
      signal?.throwIfAborted();
      yield items.slice(at, at + pageSize);
    }
  }
  return {
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page;
    },
  };
}

/** By bytes of UTF-8: the order that registries list in. JavaScript's own differs beyond the 16-bit characters. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
