import type { RemoteRepository } from "@berth/client";
import { type Descriptor, isSchema1MediaType, type ReadOnlyTarget } from "@berth/oci";
import { remoteOf } from "../copy/abilities.ts";
import { EngineError } from "../errors.ts";

/**
 * The same source, but every reference names one content that was looked up already: a registry is not asked again. Other sources are left
 * as they are; what they have under its digest is found at no cost.
 */
export function rootedSource(source: ReadOnlyTarget, root: Descriptor): ReadOnlyTarget {
  const remote = remoteOf(source);
  if (remote === undefined) return source;
  const rooted: RemoteRepository = {
    ...remote,
    resolve: async () => root,
    fetchReference: async (_, options) => await remote.fetchReference(root.digest, options),
  };
  return rooted;
}

/** The same source of a registry, but what a reference names is never schema 1: what belongs to it is not even asked for. */
export function modernSource(source: ReadOnlyTarget): ReadOnlyTarget {
  const remote = remoteOf(source);
  if (remote === undefined) return source;
  const modern: RemoteRepository = {
    ...remote,
    async resolve(reference, options) {
      const found = await remote.resolve(reference, options);
      refuseSchema1(found, "copy");
      return found;
    },
    async fetchReference(reference, options) {
      const found = await remote.fetchReference(reference, options);
      refuseSchema1(found.descriptor, "copy");
      return found;
    },
  };
  return modern;
}

/** Refuses what docker wrote before 2016, which names neither sizes nor a config. @throws {EngineError} of class `UnsupportedManifest`. */
export function refuseSchema1({ mediaType, digest }: Descriptor, verb: string): void {
  if (!isSchema1MediaType(mediaType)) return;
  throw new EngineError(`Cannot ${verb} "${digest}": schema 1 is obsolete, convert the image first`, {
    class: "UnsupportedManifest",
    code: "ERR_SCHEMA_V1_UNSUPPORTED",
    retryable: false,
  });
}
