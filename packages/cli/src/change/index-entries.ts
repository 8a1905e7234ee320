import { type Annotations, type Descriptor, isDigest, isTag, type Platform } from "@berth/oci";
import type { IndexAddition } from "@berth/transfer";
import type { Location } from "@berth/transfer/location";
import { describeLocation } from "../connect/describe-location.ts";
import { openPlace, type Place } from "../connect/place.ts";
import { parseWholePlatform } from "./edit-flags.ts";
import type { Session } from "../session/session.ts";

/** A manifest that is to be put into an index, as it was named. */
export interface EntryName {
  /** A reference, or a tag or digest where the index is. */
  readonly text: string;
  /** Undefined: what its config says. */
  readonly platform: Platform | undefined;
}

/** Options of {@link withEntries}. */
export interface WithEntriesOptions {
  /** Where the index is: tags and digests alone are of there. */
  readonly index: Location;
  /** Of every entry. */
  readonly annotations?: Annotations | undefined;
  /** Whether an index that is named gives its entries. */
  readonly flatten?: boolean | undefined;
}

/** Reads `reference` or `reference=os/arch`, and gathers it. @throws {InvalidArgumentError} */
export function moreEntries(text: string, before: readonly EntryName[] = []): readonly EntryName[] {
  const at = text.lastIndexOf("=");
  if (at < 0) return [...before, { text, platform: undefined }];
  return [...before, { text: text.slice(0, at), platform: parseWholePlatform(text.slice(at + 1)) }];
}

/** Opens what is to be put into an index, does something with it, and closes it. @throws {NotFoundError} */
export async function withEntries<T>(
  session: Session,
  names: readonly EntryName[],
  { index, annotations, flatten }: WithEntriesOptions,
  work: (entries: readonly IndexAddition[]) => Promise<T>,
): Promise<T> {
  const places: Place[] = [];
  try {
    const entries: IndexAddition[] = [];
    for (const { text, platform } of names) {
      const place = await openPlace(session, within(index, text), { side: "from" });
      places.push(place);
      entries.push({
        descriptor: await place.target.resolve(place.reference, { signal: session.signal }),
        from: place.target,
        ...(platform && { platform }),
        ...(annotations && { annotations }),
        ...(flatten === true && { flatten }),
      });
    }
    return await work(entries);
  } finally {
    for (const place of places) await place.close();
  }
}

/** What a manifest is named by: a reference, or a tag or digest where an index is. @throws {NotFoundError} */
export async function resolveNamed(session: Session, index: Location, text: string): Promise<Descriptor> {
  const place = await openPlace(session, within(index, text), { side: "from" });
  try {
    const { mediaType, digest, size } = await place.target.resolve(place.reference, { signal: session.signal });
    return { mediaType, digest, size };
  } finally {
    await place.close();
  }
}

function within(index: Location, text: string): string {
  return isDigest(text) || isTag(text) ? describeLocation(index, text) : text;
}
