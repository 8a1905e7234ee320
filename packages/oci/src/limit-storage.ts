import type { Fetcher, Pusher } from "./content.ts";
import { LimitExceededError } from "./errors.ts";

/** Content by descriptor, to be read and written. */
export interface Storage extends Fetcher, Pusher {}

/**
 * The same storage, but nothing larger than `maxBytes` is pushed into it: `push()` throws `LimitExceededError` then, and
 * reads nothing.
 *
 * @see oras-go, content.LimitStorage
 */
export function limitStorage(storage: Storage, maxBytes: number): Storage {
  return {
    fetch: async (target, options) => await storage.fetch(target, options),
    exists: async (target, options) => await storage.exists(target, options),
    async push(expected, content, options) {
      if (expected.size > maxBytes) throw new LimitExceededError({ what: `content of ${expected.size} bytes`, limit: maxBytes });
      await storage.push(expected, content, options);
    },
  };
}
