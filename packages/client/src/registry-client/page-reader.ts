import { BerthError, type Paged } from "@berth/oci";

/** There are no more pages: how a {@link PageReader} says that its list is over. */
export class NoMorePagesError extends BerthError<"ERR_NO_MORE_PAGES"> {
  constructor() {
    super("ERR_NO_MORE_PAGES", "Cannot read another page: there are no more");
  }
}

/** Reads a list page by page, where a loop over `pages()` does not fit. */
export interface PageReader<T> {
  /** The next page. @throws {NoMorePagesError} behind the last one. @throws whatever the list does. */
  next(): Promise<readonly T[]>;
  /** Ends the reading early. */
  close(): Promise<void>;
}

/** Reads a list page by page. Nothing is sent before the first `next()`. */
export function createPageReader<T>(list: Paged<T>): PageReader<T> {
  let pages: AsyncIterator<readonly T[]> | undefined;
  return {
    async next() {
      pages ??= list.pages()[Symbol.asyncIterator]();
      const next = await pages.next();
      if (next.done === true) throw new NoMorePagesError();
      return next.value;
    },
    async close() {
      await pages?.return?.();
    },
  };
}
