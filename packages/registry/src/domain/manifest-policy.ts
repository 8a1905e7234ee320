import {
  InvalidManifestError,
  isForeignLayerMediaType,
  isManifestMediaType,
  type Manifest,
  type ManifestReference,
  type Platform,
} from "@berth/oci";
import type { ManifestReferenceInput } from "../metadata/records.ts";

/** Says whether a URL matches. A `RegExp` is one; beware of one that some URL, which whoever pushes makes up, keeps busy for hours. */
export interface UrlPattern {
  /** Called for each URL of a manifest that is pushed. */
  test(url: string): boolean;
}

/** Which manifests the registry takes. Defaults are those of the OCI conformance suite. */
export interface ManifestPolicy {
  /** Media types that may be pushed. */
  readonly acceptedMediaTypes: ReadonlySet<string>;
  /** Whether Docker schema 1 may be pushed. */
  readonly acceptSchema1: boolean;
  /** Whether configs and layers may be missing. */
  readonly allowMissing: boolean;
  /** Which children of an index must be in the repository. */
  readonly requiredChildren: "all" | "none" | readonly Pick<Platform, "os" | "architecture">[];
  /** Addresses of external layers: all of `allow` when given, none of `deny`. */
  readonly urls: { readonly allow?: UrlPattern; readonly deny?: UrlPattern };
}

/** Applies a policy to a decoded manifest: says which references must exist. @throws {InvalidManifestError} when it is refused. */
export function applyPolicy(policy: ManifestPolicy, manifest: Manifest): readonly ManifestReferenceInput[] {
  if (manifest.kind === "schema1" && !policy.acceptSchema1)
    throw new InvalidManifestError("schema version 1 is unsupported, push schema version 2 or OCI");
  if (!policy.acceptedMediaTypes.has(manifest.mediaType))
    throw new InvalidManifestError(`media type "${manifest.mediaType}" is not accepted`);
  const references = manifest.references.map((reference) => toInput(policy, reference));
  if (manifest.subject === undefined) return references;
  const { digest, mediaType, size } = manifest.subject;
  return [...references, { kind: "subject", digest, mediaType, size, required: false }];
}

function toInput(policy: ManifestPolicy, { kind, descriptor }: ManifestReference): ManifestReferenceInput {
  const { digest, mediaType, size, platform, urls } = descriptor;
  const external = urls !== undefined && urls.length > 0;
  if (external) for (const url of urls) checkUrl(policy, url);
  const isBlob = kind === "blob" || (kind === "child" && !isManifestMediaType(mediaType) && !policy.acceptedMediaTypes.has(mediaType));
  return {
    kind: isBlob ? "layer" : kind, // an index may list blobs, as caches of BuildKit do: nobody could have pushed those as manifests
    digest,
    mediaType,
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(external ? { urls } : {}),
    required:
      kind === "child" ? isRequiredChild(policy, platform) : !policy.allowMissing && !(external && isForeignLayerMediaType(mediaType)),
  };
}

function isRequiredChild(policy: ManifestPolicy, platform: Platform | undefined): boolean {
  const { requiredChildren } = policy;
  if (requiredChildren === "all" || requiredChildren === "none") return requiredChildren === "all";
  if (requiredChildren.length === 0) return true;
  return platform !== undefined && requiredChildren.some((one) => one.os === platform.os && one.architecture === platform.architecture);
}

function checkUrl({ urls }: ManifestPolicy, url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== "http:" && parsed.protocol !== "https:") || parsed.hash !== "" || url.includes("#")) {
    throw new InvalidManifestError("a layer's url is not an http or https address without fragment");
  }
  if (urls.allow?.test(url) === false || urls.deny?.test(url) === true) throw new InvalidManifestError("a layer's url is not allowed here");
}
