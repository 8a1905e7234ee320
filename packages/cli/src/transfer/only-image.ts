import { type Descriptor, formatPlatform } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import type { Session } from "../session/session.ts";

/**
 * Pushes what a place names. Of an index of which the place has a single image, that is what most have who pull for their own machine, that
 * image goes instead, under the same tags, and a warning says so: no registry would take the index.
 *
 * @param push is given the place again, naming the image, when it failed for the others.
 * @throws {SparseIndexError} when there are several, and it cannot be told which is meant, or none.
 */
export async function pushOrOnlyImage<T>(session: Session, source: Place, push: (source: Place) => Promise<T>): Promise<T> {
  try {
    return await push(source);
  } catch (error) {
    const image = await onlyImage(source, error);
    if (image === undefined) throw error;
    const name = image.platform === undefined ? image.digest : formatPlatform(image.platform);
    session.warnings.add(
      `only the image for ${name} of ${source.describe(source.reference)} was pushed: the others of its index are not there`,
    );
    return await push({ ...source, reference: image.digest });
  }
}

async function onlyImage({ target, reference }: Place, error: unknown): Promise<Descriptor | undefined> {
  const { SparseIndexError } = await import("@berth/transfer");
  if (!(error instanceof SparseIndexError) || error.present.length !== 1) return undefined;
  const root = await target.resolve(reference);
  return error.index.digest === root.digest ? error.present[0] : undefined; // else it is an index within it
}
