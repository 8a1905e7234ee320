import { type CallOptions, type Descriptor, isJsonObject, type JsonObject } from "@berth/oci";
import type { ConfigDiff, ManifestDiff } from "@berth/transfer";
import type { Place } from "../connect/place.ts";
import { readConfigOf } from "./read-config.ts";
import type { ReadManifest } from "./read-manifest.ts";

/** One of the two sides of a comparison. */
export interface ComparedSide {
  /** As it is told: the place with its tag or digest. */
  readonly reference: string;
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes of the manifest. */
  readonly size: number;
}

/** How two images, indexes or artifacts differ. */
export interface ImageDiff {
  readonly before: ComparedSide;
  readonly after: ComparedSide;
  /** Whether they have the same digest. */
  readonly same: boolean;
  readonly manifest: ManifestDiff;
  /** Undefined when they are not two images. */
  readonly config?: ConfigDiff | undefined;
}

/** A manifest, and where it was read. */
export interface ReadSide {
  readonly place: Place;
  readonly found: ReadManifest;
}

/** Compares two manifests, and the configs of two images. */
export async function diffImages(before: ReadSide, after: ReadSide, call: CallOptions): Promise<ImageDiff> {
  const { diffConfigs, diffManifests } = await import("@berth/transfer");
  const [old, now] = [await imageConfig(before, call), await imageConfig(after, call)];
  return {
    before: sideOf(before),
    after: sideOf(after),
    same: before.found.descriptor.digest === after.found.descriptor.digest,
    manifest: diffManifests(before.found.manifest, after.found.manifest),
    config: old && now && diffConfigs(old, now),
  };
}

function sideOf({ place, found }: ReadSide): ComparedSide {
  const { mediaType, digest, size }: Descriptor = found.descriptor;
  return { reference: place.describe(), mediaType, digest, size };
}

/** The config of an image; that of an artifact may be anything. */
async function imageConfig({ place, found }: ReadSide, call: CallOptions): Promise<JsonObject | undefined> {
  const config = await readConfigOf(place.target, found.manifest, call);
  return config !== undefined && isJsonObject(config.json["rootfs"]) ? config.json : undefined;
}
