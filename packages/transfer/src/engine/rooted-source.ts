import { type CallOptions, type Descriptor, isSchema1MediaType, type ReadOnlyTarget } from "@berth/oci";
import { remoteOf } from "../copy/abilities.ts";
import { EngineError } from "../errors.ts";

/**
 * The same source, but every reference names one content that was looked up already: a registry is not asked again. Other sources are left
 * as they are; what they have under its digest is found at no cost.
 */
export function rootedSource(source: ReadOnlyTarget, root: Descriptor): ReadOnlyTarget {
  const remote = remoteOf(source);
  return remote === undefined ? source : { ...remote, resolve: async () => root };
}

/** The same source of a registry, but what it resolves to is never schema 1: its manifests are not even asked for. */
export function modernSource(source: ReadOnlyTarget): ReadOnlyTarget {
  const remote = remoteOf(source);
  if (remote === undefined) return source;
  const resolve = async (reference: string, options?: CallOptions): Promise<Descriptor> => {
    const found = await remote.resolve(reference, options);
    refuseSchema1(found, "copy");
    return found;
  };
  return { ...remote, resolve };
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
