import { type ByteSource, bytesSource, type ByteStream, type Descriptor, type Fetcher, isManifestMediaType, type Pusher } from "@berth/oci";

/** Bytes of a manifest, at most. */
const MAX_MANIFEST = 4_194_304;

/** Takes everything and keeps nothing but manifests and configs that may be read again: what a dry run writes to. Reads elsewhere. */
export function dryTarget(source: Fetcher): Fetcher & Pusher {
  const kept = new Map<string, Uint8Array>();
  return {
    async fetch(target, options = {}) {
      const bytes = kept.get(target.digest);
      if (bytes === undefined) return await source.fetch(target, options);
      const { offset = 0, length = bytes.length } = options;
      return asStream(bytes.subarray(offset, offset + length));
    },
    async push(expected: Descriptor, content: ByteSource) {
      const isKept = isManifestMediaType(expected.mediaType) && expected.size <= MAX_MANIFEST;
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
