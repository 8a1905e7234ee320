import { type Digest, isDigest } from "@berth/oci";
import { type Location, namesWithin } from "@berth/transfer/location";
import { describeLocation } from "../connect/describe-location.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { archiveRefusal } from "../errors/archive-refusal.ts";

/** A place that single manifests and blobs are put into: a repository, or an OCI layout. */
export interface PutPlace {
  readonly location: Location;
  readonly tag: string | undefined;
  /** What the content has to be. */
  readonly digest: Digest | undefined;
  /** The place with a digest or tag: `oci:folder@sha256:...`. */
  describe(reference: string): string;
}

/** Reads where something goes. Nothing is opened or made. @throws {InvalidLocationError} @throws {AdvisedError} for archives. */
export function putPlace(text: string): PutPlace {
  const location = parsePlace(text);
  const describe = (reference: string): string => describeLocation(location, reference);
  if (location.transport !== "registry" && location.transport !== "oci") throw archiveRefusal(`put anything into "${describe("")}"`);
  const names = namesWithin(location);
  return { location, tag: names.find((name) => !isDigest(name)), digest: names.find(isDigest), describe };
}
