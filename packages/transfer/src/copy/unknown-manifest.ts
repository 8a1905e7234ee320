import {
  type Descriptor,
  InvalidManifestError,
  isManifestMediaType,
  isSchema1MediaType,
  parseJsonObject,
  SchemaV1UnsupportedError,
  sniffMediaType,
} from "@berth/oci";

/** Types that say nothing of content. */
const VAGUE: ReadonlySet<string> = new Set(["application/json", "application/octet-stream", "text/plain"]);

/**
 * Refuses an image or index that is not called one: nothing below it would come with it. A manifest of a type that is not known, but says
 * something, is content like any other.
 *
 * @throws {InvalidManifestError} @throws {SchemaV1UnsupportedError}
 */
export function refuseMisnamed({ mediaType }: Descriptor, bytes: Uint8Array): void {
  const actual = VAGUE.has(mediaType) ? sniffed(bytes) : undefined;
  if (actual === undefined || !isManifestMediaType(actual)) return;
  if (isSchema1MediaType(actual)) throw new SchemaV1UnsupportedError();
  throw new InvalidManifestError(`it is of the type "${actual}", the content type is "${mediaType}"`);
}

function sniffed(bytes: Uint8Array): string | undefined {
  try {
    return sniffMediaType(parseJsonObject(bytes));
  } catch (error) {
    if (error instanceof InvalidManifestError) return undefined; // it is no JSON
    throw error;
  }
}
