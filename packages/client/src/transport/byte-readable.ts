import type { Readable } from "node:stream";

/** A stream of Node whose chunks are known to be bytes: `for await` gives `Uint8Array`, not `any`. Consume it or destroy it. */
export type ByteReadable = AsyncIterable<Uint8Array> & Readable;
