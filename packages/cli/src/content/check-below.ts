import {
  type CallOptions,
  type Descriptor,
  isForeignLayerMediaType,
  type Manifest,
  ManifestBlobUnknownError,
  type Resolver,
} from "@berth/oci";
import { AdvisedError } from "../errors/advised-error.ts";
import { ifThere } from "./tag-details.ts";

/**
 * Checks that what a manifest names is there, as registries do by themselves. Layers that are kept outside of registries may be missing.
 *
 * @param target where it is to be; undefined: nothing is there yet.
 * @param name of that, for advice: `oci:folder`.
 * @throws {AdvisedError} for the first that is missing.
 */
export async function checkBelow(target: Resolver | undefined, name: string, manifest: Manifest, call: CallOptions): Promise<void> {
  for (const { kind, descriptor } of manifest.references) {
    const found = target && (await ifThere(async () => await target.resolve(descriptor.digest, call)));
    if (found?.size === descriptor.size || isOutside(descriptor)) continue;
    const what = kind === "child" ? "manifest" : "blob";
    throw new AdvisedError(new ManifestBlobUnknownError(descriptor.digest), `put it there first: berth ${what} put ${name} FILE`);
  }
}

function isOutside({ mediaType, urls }: Descriptor): boolean {
  return isForeignLayerMediaType(mediaType) && (urls?.length ?? 0) > 0;
}
