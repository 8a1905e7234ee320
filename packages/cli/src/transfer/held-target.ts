import { bytesSource, type Descriptor, isManifestMediaType, type Target } from "@berth/oci";

/** What {@link heldTarget} makes. */
export interface HeldTarget {
  readonly target: Target;
  /** Whether a manifest waits. */
  holdsAny(): boolean;
}

/** The same target, but manifests wait in memory: what was pushed can be read and checked before anything there leads to it. */
export function heldTarget(target: Target): HeldTarget {
  const held = new Map<string, { readonly descriptor: Descriptor; readonly bytes: Uint8Array }>();
  return {
    holdsAny: () => held.size > 0,
    target: {
      async fetch(wanted, options) {
        const found = held.get(wanted.digest);
        if (found === undefined) return await target.fetch(wanted, options);
        return { [Symbol.asyncIterator]: () => bytesSource(found.bytes)[Symbol.asyncIterator](), destroy: () => undefined };
      },
      async push(expected, content, options) {
        if (!isManifestMediaType(expected.mediaType)) return await target.push(expected, content, options);
        const { readAllVerified } = await import("@berth/oci/node");
        held.set(expected.digest, { descriptor: expected, bytes: await readAllVerified(content, expected, options) });
      },
      exists: async (wanted, options) => held.has(wanted.digest) || (await target.exists(wanted, options)),
      resolve: async (reference, options) => held.get(reference)?.descriptor ?? (await target.resolve(reference, options)),
      tag: async (wanted, tag, options) => await target.tag(wanted, tag, options),
    },
  };
}
