import { type Descriptor, formatReference, type Named, type ReadOnlyTarget, type Target, UnsupportedError } from "@berth/oci";
import { copy } from "../copy/copy.ts";
import { copyTags } from "../copy/copy-tags.ts";
import type { CopiedTag, CopyOptions } from "../copy/options.ts";
import { InvalidLocationError } from "../location/errors.ts";
import { formatLocation, type Location, namesWithin, parseLocation, referenceWithin } from "../location/location.ts";
import { type OpenedDestination, openDestination, openSource, type OpenSourceOptions } from "../location/open.ts";
import { chooseImage } from "../platform/choose-image.ts";
import { hostPlatform } from "../platform/host-platform.ts";
import { type CopyPlaces, type MarkedPlace, sourceHooks } from "../sources/source-hooks.ts";
import { callOf } from "../call-of.ts";
import type { EngineContext } from "./context.ts";
import type { EngineCopyOptions, EngineCopyResult, Place, PushResult } from "./options.ts";
import { pushResult } from "./push.ts";
import { modernSource, refuseSchema1, rootedSource } from "./rooted-source.ts";

/** The text or the location itself. */
export function locationOf(place: Place): Location {
  return typeof place === "string" ? parseLocation(place) : place;
}

/**
 * Copies between any two places; mirrors of the source are asked before it.
 *
 * @throws {InvalidLocationError} when all tags are to be copied, and something names one. @throws {UnsupportedError} when they are to be for one
 * platform.
 */
export async function copyPlaces(
  context: EngineContext,
  from: Location,
  to: Location,
  options: EngineCopyOptions,
): Promise<EngineCopyResult> {
  if (options.allTags === true) checkAllTags(from, to, options);
  const call = callOf(options);
  const destination = await openDestination(to, {
    ...call,
    ...namesAfter(from),
    ...(options.limits && { limits: options.limits }),
    connect: (named) => context.origin(named).repository,
  });
  try {
    const into = to.transport === "registry" ? await context.placeOf(context.origin(to.reference)) : undefined;
    const result = await fromSource(context, from, { ...options, into: to.transport }, async (source) => {
      return await run(context, source, { ...destination, location: to, place: into }, options);
    });
    await destination.finish();
    return result;
  } catch (error) {
    await destination.abort();
    throw error;
  } finally {
    await context.sources.flush();
  }
}

/** @throws {InvalidLocationError} @throws {UnsupportedError} */
function checkAllTags(from: Location, to: Location, { tags = [], platform }: EngineCopyOptions): void {
  const refuse = (place: Location, which: string): never => {
    throw new InvalidLocationError(formatLocation(place), `with all tags each keeps its name: leave the tag of the ${which} away`, {
      forms: [],
    });
  };
  if (namesWithin(from).length > 0) refuse(from, "source");
  if (namesWithin(to).length > 0 || tags.length > 0) refuse(to, "destination");
  if (platform !== undefined) throw new UnsupportedError("copy all tags for one platform", { answer: "name it with `platforms`" });
}

/** What a destination is called that says nothing itself. */
function namesAfter(from: Location): { readonly defaultTag?: string; readonly defaultName?: string } {
  if (from.transport !== "registry") return {};
  const { tag, digest } = from.reference;
  if (digest !== undefined && tag === undefined) return {};
  return { defaultTag: tag ?? "latest", defaultName: formatReference({ ...from.reference, tag: tag ?? "latest" } as Named) };
}

interface CopySource {
  readonly target: ReadOnlyTarget;
  readonly reference: string;
  readonly place: MarkedPlace | undefined;
  readonly endpoint: string | undefined;
}

interface CopyDestination extends Pick<OpenedDestination, "digest" | "reference"> {
  readonly target: Target;
  readonly location: Location;
  readonly place: MarkedPlace | undefined;
}

async function fromSource<T>(
  context: EngineContext,
  from: Location,
  options: OpenSourceOptions,
  work: (source: CopySource) => Promise<T>,
): Promise<T> {
  if (from.transport === "registry") {
    const { reference } = from;
    const endpoints = context
      .endpoints(reference, "pull")
      .filter(({ capabilities }) => reference.digest !== undefined || capabilities.has("resolve"));
    return await context.over(reference, endpoints, callOf(options), async (at) => {
      const place = await context.placeOf(at);
      return await work({ target: modernSource(at.repository), reference: referenceWithin(reference), place, endpoint: at.endpoint.host });
    });
  }
  const opened = await openSource(from, options);
  try {
    return await work({ target: opened.target, reference: opened.reference, place: undefined, endpoint: undefined });
  } finally {
    await opened.close();
  }
}

async function run(
  context: EngineContext,
  source: CopySource,
  destination: CopyDestination,
  options: EngineCopyOptions,
): Promise<EngineCopyResult> {
  const { allTags = false, match, platform: _, compression: __, level: ___, limits: ____, tags: more = [], ...rest } = options;
  const places: CopyPlaces = {
    ...(source.place && { source: source.place }),
    ...(destination.place && { destination: destination.place }),
  };
  const { journal } = context.options;
  const settings: CopyOptions = { ...rest, manager: context.manager, ...(journal && { journal }), ...sourceHooks(context.sources, places) };
  const results = (tags: readonly CopiedTag[]): readonly PushResult[] => tags.map((tag) => resultAt(destination.location, tag));
  const { endpoint } = source;
  if (allTags) {
    const copied = await copyTags(source.target, undefined, destination.target, { ...settings, ...(match && { match }) });
    return { descriptor: undefined, tags: results(copied.tags), endpoint, stats: copied.stats };
  }
  const { reference, digest } = destination;
  const names = [reference, ...more, ...(digest === undefined ? [] : [digest])].filter((name) => name !== "");
  const chosen = await chooseRoot(context, source, destination, options);
  const copied =
    chosen === undefined
      ? await copy(source.target, source.reference, destination.target, names, settings)
      : await copy(rootedSource(source.target, chosen), chosen.digest, destination.target, names, settings);
  return { descriptor: copied.descriptor, tags: results(copied.tags), endpoint, stats: copied.stats };
}

/** The image that is wanted of an index; undefined: whatever the reference names. A docker archive has no room for an index. */
async function chooseRoot(
  context: EngineContext,
  source: CopySource,
  { location }: CopyDestination,
  { platform: wanted, signal }: EngineCopyOptions,
): Promise<Descriptor | undefined> {
  if (wanted === undefined && location.transport !== "docker-archive") return undefined;
  const call = callOf({ ...(signal && { signal }) });
  const root = await source.target.resolve(source.reference, call);
  refuseSchema1(root, "copy");
  const platform = wanted ?? context.options.platform ?? hostPlatform();
  return (await chooseImage(source.target, root, platform, { ...call, checkSingle: wanted !== undefined })).image;
}

function resultAt(location: Location, copied: CopiedTag): PushResult {
  if (location.transport === "registry") return pushResult(location.reference, copied);
  const { tag, digest, size, outcome } = copied;
  return { reference: `${location.transport}:${location.path}:${tag}`, tag, digest, size, outcome };
}
