import {
  type Annotations,
  type CallOptions,
  type Descriptor,
  effectiveArtifactType,
  formatPlatform,
  isJsonObject,
  type JsonObject,
  layersOf,
  platformOfConfig,
  UnsupportedError,
} from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { isDigestTag } from "./name-filter.ts";
import { readConfigOf } from "./read-config.ts";
import type { ReadManifest } from "./read-manifest.ts";

/** What `berth inspect` finds out. */
export interface Inspection {
  /** The place with its digest: `localhost:5000/app@sha256:...`. */
  readonly reference: string;
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes of the manifest. */
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: Annotations | undefined;
  readonly subject?: Descriptor | undefined;
  /** Bytes of config and layers. */
  readonly contentSize: number;
  /** Of the repository, when somebody wants to know. */
  readonly tags?: readonly string[];
  /** Of an index. */
  readonly manifests?: readonly Descriptor[] | undefined;
  /** Of an image, and what follows too. */
  readonly platform?: string | undefined;
  /** As the config has it: RFC 3339. */
  readonly created?: string | undefined;
  /** As the config has it. */
  readonly author?: string | undefined;
  /** The lowest first. */
  readonly layers?: readonly Descriptor[] | undefined;
  /** The part of the config that says how to run it. */
  readonly config?: JsonObject | undefined;
  /** Entries of the config, the oldest first. */
  readonly history?: readonly JsonObject[] | undefined;
}

/** Finds out what a manifest is, and what its config says. */
export async function inspectImage(place: Place, { descriptor, manifest }: ReadManifest, call: CallOptions): Promise<Inspection> {
  const config = await readConfigOf(place.target, manifest, call);
  const json = config?.json ?? {};
  const platform = platformOfConfig(json);
  const run = json["config"];
  const history = json["history"];
  return {
    reference: place.describe(descriptor.digest),
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    artifactType: isImageConfig(json) ? manifest.artifactType : effectiveArtifactType(manifest),
    annotations: manifest.annotations,
    subject: manifest.subject,
    contentSize: manifest.kind === "index" ? 0 : manifest.references.reduce((sum, one) => sum + one.descriptor.size, 0),
    manifests: manifest.kind === "index" ? manifest.manifests : undefined,
    platform: platform && formatPlatform(platform),
    created: textOf(json["created"]),
    author: textOf(json["author"]),
    layers: manifest.kind === "index" ? undefined : layersOf(manifest),
    config: isJsonObject(run) ? run : undefined,
    history: Array.isArray(history) ? history.filter(isJsonObject) : undefined,
  };
}

/** All tags beside an image, without those that belong to other images. @throws {UnsupportedError} */
export async function tagsOf({ target, name }: Place, call: CallOptions): Promise<readonly string[]> {
  if (target.tags === undefined) throw new UnsupportedError(`list the tags of "${name}"`);
  return (await Array.fromAsync(target.tags(call))).filter((tag) => !isDigestTag(tag));
}

/** Configs of artifacts say nothing of what images have. */
function isImageConfig(json: JsonObject): boolean {
  return "rootfs" in json;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
