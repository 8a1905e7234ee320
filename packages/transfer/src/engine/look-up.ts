import { type CallOptions, type Descriptor, UnsupportedError } from "@berth/oci";
import { isTagLister } from "../copy/abilities.ts";
import { type Location, referenceWithin } from "../location/location.ts";
import { openSource, openStore } from "../location/open.ts";
import { chooseImage } from "../platform/choose-image.ts";
import { callOf } from "../call-of.ts";
import type { EngineContext } from "./context.ts";
import type { ResolveOptions } from "./options.ts";

/** Describes what a place names; of a registry its mirrors are asked first. */
export async function resolvePlace(context: EngineContext, from: Location, options: ResolveOptions): Promise<Descriptor> {
  const { platform } = options;
  const call = callOf(options);
  if (from.transport === "registry") {
    const endpoints = context.endpoints(from.reference, "resolve");
    return await context.over(from.reference, endpoints, call, async ({ repository }) => {
      const root = await repository.resolve(referenceWithin(from.reference), call);
      return platform === undefined ? root : (await chooseImage(repository, root, platform, { ...call, checkSingle: true })).image;
    });
  }
  const { target, reference, close } = await openSource(from, call);
  try {
    const root = await target.resolve(reference, call);
    return platform === undefined ? root : (await chooseImage(target, root, platform, { ...call, checkSingle: true })).image;
  } finally {
    await close();
  }
}

/** Lists the tags of a place; of a registry its mirrors are asked first. */
export async function tagsOf(context: EngineContext, from: Location, options: CallOptions): Promise<readonly string[]> {
  const call = callOf(options);
  if (from.transport === "registry") {
    const endpoints = context.endpoints(from.reference, "resolve");
    return await context.over(from.reference, endpoints, call, async ({ repository }) => await Array.fromAsync(repository.tags(call)));
  }
  const { target, close } = await openStore(from, call);
  try {
    if (!isTagLister(target)) throw new UnsupportedError(`list tags of "${from.transport}"`);
    return await Array.fromAsync(target.tags(call));
  } finally {
    await close();
  }
}
