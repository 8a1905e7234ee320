import type { Digest } from "./digest.ts";
import type { Platform } from "./platform.ts";

/** Annotation keys and values. @see OCI image-spec, annotations.md */
export type Annotations = Readonly<Record<string, string>>;

/**
 * Points at content: what it is, how large, and its digest. Fields that this type does not name survive in the
 * raw bytes of the manifest that held them, which are never re-serialised.
 *
 * @see OCI image-spec, descriptor.md
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Places outside of the registry that serve the content. */
  readonly urls?: readonly string[];
  readonly annotations?: Annotations;
  /** Base64 of the content itself. */
  readonly data?: string;
  readonly artifactType?: string;
  readonly platform?: Platform;
}

/** True when both name the same content: media type, digest and size; annotations and the rest are ignored. */
export function isSameContent(a: Descriptor, b: Descriptor): boolean {
  return a.digest === b.digest && a.size === b.size && a.mediaType === b.mediaType;
}
