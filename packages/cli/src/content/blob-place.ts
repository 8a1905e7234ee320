import { type CallOptions, type Descriptor, type Digest, isDigest } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/** The blob that a place names. @throws {CommandFailure} when it names none. */
export function blobDigest({ name, reference }: Place): Digest {
  if (isDigest(reference)) return reference;
  throw new CommandFailure(EXIT_CODE.usage, `"${name}" names no blob: expected ${name}@sha256:...`);
}

/** Describes the blob that a place names. @throws {NotFoundError} */
export async function statBlob(place: Place, call: CallOptions): Promise<Descriptor> {
  const digest = blobDigest(place);
  return place.repository === undefined ? await place.target.resolve(digest, call) : await place.repository.blobs.stat(digest, call);
}
