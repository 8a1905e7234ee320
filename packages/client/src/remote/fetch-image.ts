import { type Descriptor, isManifestMediaType, LimitExceededError } from "@berth/oci";
import { wholeNumber } from "../number-option.ts";
import { readBounded } from "../transport/read-bounded.ts";
import type { RepositoryContext } from "./context.ts";
import { decodeContent, type FetchedConfig, type FetchedImage, readConfig } from "./image-content.ts";
import type { FetchBytesOptions, PlatformOptions, RemoteRepository } from "./remote-repository.ts";
import { DEFAULT_PLATFORM, selectImage } from "./select-platform.ts";

/** Reads content into memory and checks it. */
export async function fetchBytes(
  context: RepositoryContext,
  repository: RemoteRepository,
  target: Descriptor,
  { maxBytes: given, signal }: FetchBytesOptions = {},
): Promise<Uint8Array> {
  const maxBytes = wholeNumber("maxBytes", given, context.settings.maxMetadataBytes, { orInfinity: true });
  if (target.size > maxBytes && !isManifestMediaType(target.mediaType))
    // of those the size may be told wrong
    throw new LimitExceededError(
      {
        what: `content "${target.digest}" of ${target.size} bytes`,
        limit: maxBytes,
        option: given === undefined ? "maxMetadataBytes" : "maxBytes",
      },
      { from: repository.registry },
    );
  return await readBounded(await repository.fetch(target, signal === undefined ? {} : { signal }), maxBytes); // checked on its way
}

/** Reads and decodes a manifest, with a platform the one for it. */
export async function fetchManifest(repository: RemoteRepository, reference: string, options: PlatformOptions = {}): Promise<FetchedImage> {
  const { descriptor, content } = await repository.fetchReference(reference, options);
  const found = await decodeContent(descriptor, content, repository.registry);
  return options.platform === undefined ? found : await selectImage(repository, found, options.platform, options);
}

/** Reads an image's config. */
export async function fetchConfig(repository: RemoteRepository, reference: string, options: PlatformOptions = {}): Promise<FetchedConfig> {
  const { platform, ...call } = options;
  const found = await fetchManifest(repository, reference, options);
  const image = found.manifest.kind === "index" ? await selectImage(repository, found, platform ?? DEFAULT_PLATFORM, call) : found;
  return { ...(await readConfig(repository, image, call)), image };
}
