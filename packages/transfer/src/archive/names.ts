import { type Descriptor, formatReference, InvalidReferenceError, parseNormalizedNamed, tagNameOnly } from "@berth/oci";

/** The name of an entry of `index.json`: a tag, or whatever its writer put there. @see OCI image-spec, annotations.md */
export const REF_NAME = "org.opencontainers.image.ref.name";

/** Where containerd and docker keep the whole image name. */
export const CONTAINERD_NAME = "io.containerd.image.name";

/** Every name that an entry goes by, the one that all tools know first. */
export function namesOf({ annotations }: Descriptor): readonly string[] {
  return [annotations?.[REF_NAME], annotations?.[CONTAINERD_NAME]].filter((name): name is string => name !== undefined && name !== "");
}

/** One spelling for `debian`, `debian:latest` and `docker.io/library/debian:latest`; undefined when it is no image name. */
export function normalName(name: string): string | undefined {
  try {
    return formatReference(tagNameOnly(parseNormalizedNamed(name)));
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined;
    throw error;
  }
}

/** Orders names by their bytes in UTF-8, as registries do. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
