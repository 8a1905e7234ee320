import { type CallOptions, type Descriptor, isDigest, type Manifest, type Platform, platformOfConfig } from "@berth/oci";
import type { RebaseOptions } from "@berth/transfer";
import { openPlace, type Place } from "../connect/place.ts";
import { readConfigOf } from "../content/read-config.ts";
import { readDescribed } from "../content/read-manifest.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";

/** What somebody said of the base of an image: references. */
export interface BaseNames {
  /** What it stands on; default: what its annotations say. */
  readonly oldBase?: string;
  /** What it is to stand on; default: what the name in its annotations names now. */
  readonly newBase?: string;
}

/** The old and the new base of an image, open to be read. */
export interface ImageBases extends AsyncDisposable, Pick<RebaseOptions, "newBase" | "oldBase"> {}

/**
 * Finds what an image stands on and what it is to stand on: for its platform, when those are indexes.
 *
 * @throws {CommandFailure} when neither flags nor annotations say it. @throws {PlatformNotFoundError}
 */
export async function openBases(session: Session, image: Place, descriptor: Descriptor, names: BaseNames): Promise<ImageBases> {
  const call: CallOptions = { signal: session.signal };
  const { manifest } = await readDescribed(image.target, descriptor, call);
  const platform = platformOfConfig((await readConfigOf(image.target, manifest, call))?.json ?? {});
  const { oldBase, newBase } = await baseNames(manifest, names);
  const places: Place[] = [];
  const close = async (): Promise<void> => {
    for (const place of places) await place.close();
  };
  try {
    const old = await openBase(session, oldBase, platform, places);
    const base = await openBase(session, newBase, platform, places);
    const isNamed = base.place.location.transport === "registry" && !isDigest(base.place.reference);
    return {
      oldBase: { descriptor: old.descriptor, from: old.place.target },
      newBase: {
        descriptor: base.descriptor,
        from: base.place.target,
        ...(isNamed && { name: base.place.describe(), digest: base.root.digest }),
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface OpenedBase {
  readonly place: Place;
  /** What its reference names. */
  readonly root: Descriptor;
  /** The image. */
  readonly descriptor: Descriptor;
}

async function openBase(session: Session, name: string, platform: Platform | undefined, places: Place[]): Promise<OpenedBase> {
  const { chooseImage, hostPlatform } = await import("@berth/transfer/platform");
  const place = await openPlace(session, name, { side: "from" });
  places.push(place);
  const call = { signal: session.signal };
  const root = await place.target.resolve(place.reference, call);
  const { image } = await chooseImage(place.target, root, platform ?? hostPlatform(), { ...call, place: place.describe() });
  return { place, root, descriptor: image };
}

async function baseNames({ annotations = {} }: Manifest, names: BaseNames): Promise<Required<BaseNames>> {
  const { BASE_DIGEST_ANNOTATION, BASE_NAME_ANNOTATION } = await import("@berth/transfer");
  const name = annotations[BASE_NAME_ANNOTATION];
  const digest = annotations[BASE_DIGEST_ANNOTATION];
  const newBase = names.newBase ?? name;
  if (newBase === undefined) throw new CommandFailure(EXIT_CODE.usage, "the image does not say what it stands on: give --new-base");
  if (names.oldBase !== undefined) return { oldBase: names.oldBase, newBase };
  if (name === undefined || digest === undefined) {
    throw new CommandFailure(EXIT_CODE.usage, "the image does not say what it stands on: give --old-base");
  }
  return { oldBase: `${name.replace(/@.*$/, "")}@${digest}`, newBase };
}
