import type { Digest } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import type { ScriptedRegistry, ScriptedReply, ScriptedRequest } from "./scripted-registry.ts";

/** How {@link scriptManifests} behaves. */
export interface ScriptedManifestsOptions {
  /** Sends an `ETag` with manifests and refuses a PUT whose `If-Match` names another one; default false. */
  readonly entityTags?: boolean;
  /** Answers every delete with 405; default false. */
  readonly refuseDeletes?: boolean;
}

/** The manifests of one repository of a scripted registry. */
export interface ScriptedManifests {
  readonly byDigest: Map<string, { readonly bytes: Buffer; readonly mediaType: string }>;
  readonly tags: Map<string, Digest>;
  /** Stores content without a request. */
  put(reference: string, bytes: Uint8Array | string, mediaType: string): Digest;
  /** The JSON under a tag; undefined without one. */
  json(tag: string): unknown;
}

/** Makes a scripted registry keep the manifests of a repository as registries without the referrers API do. */
export function scriptManifests(registry: ScriptedRegistry, name: string, options: ScriptedManifestsOptions = {}): ScriptedManifests {
  const prefix = `/v2/${name}/manifests/`;
  const path = new RegExp(`^${prefix.replaceAll("/", "\\/")}[^/]+$`);
  const byDigest: ScriptedManifests["byDigest"] = new Map();
  const tags: ScriptedManifests["tags"] = new Map();
  const digestOfReference = (reference: string): string => tags.get(reference) ?? reference;
  const referenceOf = (request: ScriptedRequest): string => request.path.slice(prefix.length);

  const put = (reference: string, bytes: Uint8Array | string, mediaType: string): Digest => {
    const kept = Buffer.from(bytes);
    const digest = digestOf(kept);
    byDigest.set(digest, { bytes: kept, mediaType });
    if (!reference.includes(":")) tags.set(reference, digest);
    return digest;
  };
  const get = (request: ScriptedRequest): ScriptedReply => {
    const digest = digestOfReference(referenceOf(request));
    const found = byDigest.get(digest);
    if (found === undefined) return unknown();
    const headers = {
      "content-type": found.mediaType,
      "docker-content-digest": digest,
      ...(options.entityTags && { etag: `"${digest}"` }),
    };
    return { headers, body: found.bytes };
  };
  registry
    .on("GET", path, get)
    .on("HEAD", path, get)
    .on("PUT", path, (request) => {
      const reference = referenceOf(request);
      const wanted = request.headers["if-match"];
      if (options.entityTags && wanted !== undefined && wanted !== `"${tags.get(reference)}"`) return { status: 412 };
      const digest = put(reference, request.body, request.headers["content-type"] ?? "");
      return { status: 201, headers: { "docker-content-digest": digest } };
    })
    .on("DELETE", path, (request) => {
      if (options.refuseDeletes) return { status: 405 };
      const digest = digestOfReference(referenceOf(request));
      if (!byDigest.delete(digest)) return unknown();
      for (const [tag, one] of tags) if (one === digest) tags.delete(tag);
      return { status: 202 };
    });
  return {
    byDigest,
    tags,
    put,
    json(tag) {
      const found = byDigest.get(tags.get(tag) ?? "");
      return found === undefined ? undefined : JSON.parse(found.bytes.toString());
    },
  };
}

function unknown(): ScriptedReply {
  const errors = [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }];
  return { status: 404, headers: { "content-type": "application/json" }, body: JSON.stringify({ errors }) };
}
