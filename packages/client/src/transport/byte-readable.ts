import type { Readable } from "node:stream";

/** A stream of Node whose chunks are known to be bytes: `for await` gives them as such, not as `any`. Consume it or destroy it. */
export interface ByteReadable extends Readable {
  [Symbol.asyncIterator](): NodeJS.AsyncIterator<Buffer>;
}
