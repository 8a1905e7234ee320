import { type Digest, digestEncoded } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { printable } from "../image/errors.ts";
import { readImageConfig } from "../image/image-config.ts";
import { InvalidArchiveError } from "./errors.ts";
import { parseArchiveList, textsOf } from "./json.ts";
import type { TarFile } from "./tar-file.ts";
import { followLinks, type TarEntry } from "./tar-index.ts";

/** One image of a docker archive, as `manifest.json` has it. */
export interface ListedImage {
  /** Whole names, such as `debian:12`. */
  readonly repoTags: readonly string[];
  readonly config: TarEntry;
  /** Of the config's bytes. */
  readonly configDigest: Digest;
  /** What the config says that the layers are, the base layer first. */
  readonly diffIds: readonly Digest[];
  /** The base layer first. */
  readonly layers: readonly TarEntry[];
}

/** The list of images of a docker archive. */
export const DOCKER_MANIFEST = "manifest.json";

/**
 * Reads the list of images, and their configs.
 *
 * @throws {InvalidArchiveError} when it names files that are not there. @throws {InvalidManifestError} when a config is malformed.
 * @see moby, image/spec/spec.md, "Combined Image JSON + Filesystem Changeset Format"
 */
export async function readDockerManifest(tar: TarFile, signal?: AbortSignal): Promise<readonly ListedImage[]> {
  const file = followLinks(tar.entries, DOCKER_MANIFEST);
  if (file === undefined) throw new InvalidArchiveError("it is no docker archive: manifest.json is missing");
  const images: ListedImage[] = [];
  for (const item of parseArchiveList(await tar.readWhole(file, signal), DOCKER_MANIFEST)) {
    const config = fileOf(tar, item["Config"], "the config of an image");
    const bytes = await tar.readWhole(config, signal);
    images.push({
      repoTags: textsOf(item["RepoTags"], "RepoTags"),
      config,
      configDigest: digestOf(bytes),
      diffIds: readImageConfig(bytes).diffIds,
      layers: textsOf(item["Layers"], "Layers").map((name) => fileOf(tar, name, "a layer")),
    });
  }
  return images;
}

function fileOf(tar: TarFile, name: unknown, what: string): TarEntry {
  if (typeof name !== "string") throw new InvalidArchiveError(`manifest.json does not name ${what}`);
  const clean = name.split("/").filter((part) => part !== "" && part !== ".");
  const entry = followLinks(tar.entries, clean.join("/"));
  if (entry === undefined) throw new InvalidArchiveError(`"${printable(name)}" is missing, which is ${what}`);
  return entry;
}

/** One image when it is written. */
export interface WrittenImage {
  /** Whole names, such as `debian:12`. */
  readonly repoTags: readonly string[];
  readonly config: Digest;
  /** The base layer first. */
  readonly diffIds: readonly Digest[];
}

/** The name of a config in archives that we write. */
export function configName(digest: Digest): string {
  return `${digestEncoded(digest)}.json`;
}

/** The name of an uncompressed layer in archives that we write. */
export function layerName(diffId: Digest): string {
  return `${digestEncoded(diffId)}.tar`;
}

/** Writes the list of images. */
export function encodeDockerManifest(images: readonly WrittenImage[]): Buffer {
  const list = images.map(({ config, repoTags, diffIds }) => ({
    Config: configName(config),
    RepoTags: repoTags,
    Layers: diffIds.map(layerName),
  }));
  return Buffer.from(JSON.stringify(list));
}
