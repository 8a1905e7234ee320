import { type ByteSource, bytesSource, type ByteStream, type Descriptor, type Fetcher, NotFoundError, type Pusher } from "@berth/oci";

/** Bytes of a manifest or config, at most. */
const MAX_DOCUMENT = 8_388_608;

/**
 * What a dry run writes to: takes everything, and keeps manifests and configs alone, which the next step may read.
 *
 * @param source where everything else is read; default: nothing else is there.
 */
export function dryTarget(source?: Fetcher): Fetcher & Pusher {
  const kept = new Map<string, Uint8Array>();
  return {
    async fetch(target, options = {}) {
      const bytes = kept.get(target.digest);
      if (bytes === undefined && source !== undefined) return await source.fetch(target, options);
      if (bytes === undefined) throw new NotFoundError("blob", target.digest);
      const { offset = 0, length = bytes.length } = options;
      return asStream(bytes.subarray(offset, offset + length));
    },
    async push(expected: Descriptor, content: ByteSource) {
      const isKept = expected.mediaType.endsWith("json") && expected.size <= MAX_DOCUMENT;
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) if (isKept) chunks.push(chunk);
      if (isKept) kept.set(expected.digest, Buffer.concat(chunks));
    },
    exists: async () => false,
  };
}

function asStream(bytes: Uint8Array): ByteStream {
  return { [Symbol.asyncIterator]: () => bytesSource(bytes)[Symbol.asyncIterator](), destroy: () => undefined };
}
