import {
  type Digest,
  MEDIA_TYPES,
  NotFoundError,
  acceptQuality,
  decodeManifest,
  formatEntityTag,
  isDigest,
  isIndexMediaType,
  isTag,
  matchesIfNoneMatch,
  namesMediaType,
  parseAccept,
  parseDigest,
} from "@berth/oci";
import { readBounded } from "../../domain/read-bounded.ts";
import type { ManifestRecord, ManifestSummary } from "../../metadata/records.ts";
import { contentLength, requestBody } from "../body.ts";
import { HttpError } from "../errors.ts";
import type { Exchange, HeaderList } from "../exchange.ts";

/** `GET` of a manifest. */
export async function fetchManifest(exchange: Exchange): Promise<void> {
  const manifest = await legacyChild(exchange, await exchange.repository.manifests.get(readReference(exchange)));
  const headers = manifestHeaders(exchange, manifest);
  if (headers !== undefined) exchange.send(200, headers, manifest.payload);
}

/** `HEAD` of a manifest. */
export async function statManifest(exchange: Exchange): Promise<void> {
  const { manifests } = exchange.repository;
  const summary = await manifests.stat(readReference(exchange));
  const wanted = wantsLegacyChild(exchange, summary) ? await legacyChild(exchange, await manifests.get(summary.digest)) : summary;
  const headers = manifestHeaders(exchange, wanted);
  if (headers !== undefined) exchange.send(200, headers);
}

/** `PUT` of a manifest by tag, or by digest with tags as parameters. */
export async function putManifest(exchange: Exchange): Promise<void> {
  const { request, repository, parameter, context } = exchange;
  const byDigest = parameter.includes(":");
  const tags = byDigest ? [...new Set(exchange.query.getAll("tag"))] : [parameter];
  for (const tag of tags)
    if (!isTag(tag))
      throw new HttpError("TAG_INVALID", "Cannot tag manifest: the tag is malformed", { detail: { tag: tag.slice(0, 200) } });
  const digest = byDigest ? parseDigest(parameter) : undefined;
  const limit = context.limits.maxManifestBytes;
  if ((contentLength(request) ?? 0) > limit)
    throw new HttpError("SIZE_INVALID", "Cannot accept manifest: it is too large", { status: 413, detail: `the limit is ${limit} bytes` });
  const bytes = await readBounded(requestBody(exchange), { what: "manifest", limit });
  const contentType = request.headers["content-type"];
  const stored = await repository.manifests.put(bytes, contentType === "" ? undefined : contentType, {
    ...(digest === undefined ? {} : { digest }),
    tags,
    actor: exchange.actor,
  });
  const headers: HeaderList = [
    "Location",
    exchange.location(`manifests/${stored.digest}`),
    "Docker-Content-Digest",
    stored.digest,
    "Content-Length",
    0,
  ];
  if (stored.subject !== undefined) headers.push("OCI-Subject", stored.subject);
  if (byDigest) for (const tag of tags) headers.push("OCI-Tag", tag);
  exchange.send(201, headers);
}

/** `DELETE` of a manifest with its tags, or of one tag. */
export async function deleteManifest(exchange: Exchange): Promise<void> {
  const { repository, actor } = exchange;
  const reference = readReference(exchange);
  if (reference.includes(":")) await repository.manifests.delete({ digest: reference as Digest }, { actor });
  else await repository.untag(reference, { actor });
  exchange.send(202, ["Content-Length", 0]);
}

/** The tag or digest of the path. A malformed digest is an error; a malformed tag is one that does not exist. */
function readReference({ parameter }: Exchange): string {
  if (parameter.includes(":")) return parseDigest(parameter);
  if (!isTag(parameter)) throw new NotFoundError("tag", parameter);
  return parameter;
}

/** Headers of a 200 answer; undefined when a 304 went out instead. */
function manifestHeaders(exchange: Exchange, { digest, mediaType, size }: ManifestSummary): HeaderList | undefined {
  const { headers } = exchange.request;
  const identity: HeaderList = ["Docker-Content-Digest", digest, "Etag", formatEntityTag(digest)];
  if (headers["if-none-match"] !== undefined && matchesIfNoneMatch(headers["if-none-match"], digest)) {
    exchange.send(304, identity);
    return undefined;
  }
  if (exchange.context.options.strictAccept && acceptQuality(parseAccept(headers.accept), mediaType) === 0) {
    throw new HttpError("MANIFEST_UNKNOWN", "Cannot serve manifest: the client does not accept its type", {
      detail: `the manifest is of type ${mediaType}, which Accept leaves out`,
    });
  }
  return ["Content-Type", mediaType, "Content-Length", size, ...identity];
}

/** Docker clients older than manifest lists ask for a tag with schema 2 in `Accept` and no list type. */
function wantsLegacyChild(exchange: Exchange, { mediaType }: ManifestSummary): boolean {
  if (mediaType !== MEDIA_TYPES.dockerManifestList || !exchange.context.options.legacyPlatform || isDigest(exchange.parameter))
    return false;
  const accept = parseAccept(exchange.request.headers.accept);
  return namesMediaType(accept, MEDIA_TYPES.dockerManifest) && acceptQuality(accept, mediaType) === 0;
}

async function legacyChild(exchange: Exchange, manifest: ManifestRecord): Promise<ManifestRecord> {
  if (!isIndexMediaType(manifest.mediaType) || !wantsLegacyChild(exchange, manifest)) return manifest;
  const { references } = decodeManifest(manifest.payload, manifest.mediaType);
  const child = references.find(({ descriptor: { platform } }) => platform?.os === "linux" && platform.architecture === "amd64");
  return child === undefined ? manifest : await exchange.repository.manifests.get(child.descriptor.digest);
}
