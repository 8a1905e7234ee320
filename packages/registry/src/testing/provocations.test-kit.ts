import type { Digest, OciErrorCode } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { createMemoryDriver } from "@berth/storage/memory";
import type { CreateRegistryOptions } from "../create-registry.ts";
import { replacing } from "./doubles.test-kit.ts";
import { absentDigest, EMPTY_JSON, imageManifest, indexManifest } from "./fixtures.test-kit.ts";
import type { CallOptions, RegistryServer } from "./harness.test-kit.ts";
import type { Reply } from "./reply.test-kit.ts";

/** A request that makes a route give one status or error. */
export interface Provocation {
  readonly route: string;
  /** A status of success, or an error code. */
  readonly gives: number | OciErrorCode;
  /** Where the status is not the one of the error table. */
  readonly status?: number;
  /** For what a registry of default options does not do. */
  readonly options?: () => CreateRegistryOptions;
  readonly run: (server: RegistryServer) => Promise<Reply>;
}

/** The repository that {@link seed} fills. */
export const NAME = "seeded/name";
/** A blob of {@link NAME}. */
export const BLOB: Digest = digestOf("content");
const IMAGE = imageManifest();
const UPLOADS = `/v2/${NAME}/blobs/uploads/`;
const UNKNOWN_UPLOAD = `${UPLOADS}018f0000-0000-7000-8000-000000000000`;

/** Fills a registry with what the provocations look for: a blob, and a manifest with a tag. */
export async function seed(server: RegistryServer): Promise<void> {
  await server.registry.repository(NAME).blobs.push({ mediaType: "x", digest: BLOB, size: 7 }, source("content"));
  await server.registry.repository(NAME).blobs.push({ mediaType: "x", digest: digestOf(EMPTY_JSON), size: 2 }, source(EMPTY_JSON));
  await server.registry.repository(NAME).manifests.put(IMAGE.bytes, IMAGE.mediaType, { tags: ["tag"] });
}

async function* source(content: Uint8Array | string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

function call(method: string, path: string, options?: CallOptions): (server: RegistryServer) => Promise<Reply> {
  return (server) => server.call(method, path, options);
}

/** Sends to a session that was just opened. */
function onSession(method: string, query = "", options?: CallOptions): (server: RegistryServer) => Promise<Reply> {
  return async (server) => await server.call(method, (await server.startUpload(NAME)) + query, options);
}

const readOnly = (): CreateRegistryOptions => ({ http: { readOnly: true } });
const noDeletes = (): CreateRegistryOptions => ({ deletes: false });
const smallBlobs = (): CreateRegistryOptions => ({ limits: { maxBlobBytes: 5 } });
const redirecting = (): CreateRegistryOptions => ({
  storage: replacing(createMemoryDriver(), { redirectUrl: () => Promise.resolve("https://cdn.example.com/x") }),
});
const down = (): CreateRegistryOptions => ({ storage: replacing(createMemoryDriver(), { list: () => Promise.reject(new Error("down")) }) });

const manifest = (name: string): string => `/v2/${NAME}/manifests/${name}`;
const putting = (body: string | Uint8Array, type: string): CallOptions => ({ body, headers: { "content-type": type } });
const index = indexManifest([]);
const missing = indexManifest([{ ...IMAGE.descriptor, digest: absentDigest() }]);

function getAndHead(
  route: string,
  head: string,
  gives: Provocation["gives"],
  path: string,
  rest: Pick<Provocation, "options"> & { readonly headers?: CallOptions["headers"] } = {},
): readonly Provocation[] {
  const options: CallOptions = rest.headers === undefined ? {} : { headers: rest.headers };
  const also = rest.options === undefined ? {} : { options: rest.options };
  return [
    { route, gives, run: call("GET", path, options), ...also },
    { route: head, gives, run: call("HEAD", path, options), ...also },
  ];
}

function start(route: string, path: string): readonly Provocation[] {
  return [
    { route, gives: 201, run: call("POST", `${path}?digest=${BLOB}`, { body: "content" }) },
    { route, gives: 202, run: call("POST", path) },
    { route, gives: "DIGEST_INVALID", run: call("POST", `${path}?digest=${absentDigest()}`, { body: "content" }) },
    {
      route,
      gives: "SIZE_INVALID",
      status: 413,
      options: smallBlobs,
      run: call("POST", `${path}?digest=${digestOf("longer")}`, { body: "longer" }),
    },
    { route, gives: "UNSUPPORTED", options: readOnly, run: call("POST", path) },
  ];
}

/** One row for each status of success and each error of each route's own. The errors that all share are provoked by the test itself. */
export const PROVOCATIONS: readonly Provocation[] = [
  ...getAndHead("root", "root.head", 200, "/"),
  { route: "live", gives: 200, run: call("GET", "/livez") },
  { route: "ready", gives: 200, run: call("GET", "/readyz") },
  { route: "ready", gives: "UNAVAILABLE", options: down, run: call("GET", "/readyz") },
  { route: "base.redirect", gives: 301, run: call("GET", "/v2") },
  ...getAndHead("base", "base.head", 200, "/v2/"),
  { route: "extension.discover", gives: 200, run: call("GET", "/v2/_oci/ext/discover") },
  { route: "catalog.list", gives: 200, run: call("GET", "/v2/_catalog") },
  { route: "catalog.list", gives: "PAGINATION_NUMBER_INVALID", run: call("GET", "/v2/_catalog?n=-1") },
  { route: "tags.list", gives: 200, run: call("GET", `/v2/${NAME}/tags/list`) },
  { route: "tags.list", gives: "NAME_UNKNOWN", run: call("GET", "/v2/not/there/tags/list") },
  { route: "tags.list", gives: "PAGINATION_NUMBER_INVALID", run: call("GET", `/v2/${NAME}/tags/list?n=x`) },
  ...getAndHead("manifest.fetch", "manifest.stat", 200, manifest("tag")),
  ...getAndHead("manifest.fetch", "manifest.stat", 304, manifest("tag"), { headers: { "if-none-match": `"${IMAGE.digest}"` } }),
  ...getAndHead("manifest.fetch", "manifest.stat", "MANIFEST_UNKNOWN", manifest("nope")),
  ...getAndHead("manifest.fetch", "manifest.stat", "DIGEST_INVALID", manifest("sha256:x")),
  { route: "manifest.put", gives: 201, run: call("PUT", manifest("new"), putting(index.bytes, index.mediaType)) },
  { route: "manifest.put", gives: "MANIFEST_INVALID", run: call("PUT", manifest("new"), putting("{}", index.mediaType)) },
  { route: "manifest.put", gives: "MANIFEST_BLOB_UNKNOWN", run: call("PUT", manifest("new"), putting(missing.bytes, missing.mediaType)) },
  { route: "manifest.put", gives: "DIGEST_INVALID", run: call("PUT", manifest(absentDigest()), putting(index.bytes, index.mediaType)) },
  { route: "manifest.put", gives: "TAG_INVALID", run: call("PUT", manifest("-x"), putting(index.bytes, index.mediaType)) },
  {
    route: "manifest.put",
    gives: "SIZE_INVALID",
    status: 413,
    run: call("PUT", manifest("new"), putting(" ".repeat((4 << 20) + 1), index.mediaType)),
  },
  {
    route: "manifest.put",
    gives: "UNSUPPORTED",
    options: readOnly,
    run: call("PUT", manifest("new"), putting(index.bytes, index.mediaType)),
  },
  {
    route: "manifest.delete",
    gives: 202,
    run: async (server) => {
      await server.pushManifest(NAME, "away", index);
      return await server.call("DELETE", manifest("away"));
    },
  },
  { route: "manifest.delete", gives: "MANIFEST_UNKNOWN", run: call("DELETE", manifest("nope")) },
  { route: "manifest.delete", gives: "DIGEST_INVALID", run: call("DELETE", manifest("sha256:x")) },
  { route: "manifest.delete", gives: "UNSUPPORTED", options: noDeletes, run: call("DELETE", manifest("tag")) },
  ...getAndHead("blob.fetch", "blob.stat", 200, `/v2/${NAME}/blobs/${BLOB}`),
  ...getAndHead("blob.fetch", "blob.stat", 206, `/v2/${NAME}/blobs/${BLOB}`, { headers: { range: "bytes=1-2" } }),
  ...getAndHead("blob.fetch", "blob.stat", 304, `/v2/${NAME}/blobs/${BLOB}`, { headers: { "if-none-match": `"${BLOB}"` } }),
  ...getAndHead("blob.fetch", "blob.stat", 307, `/v2/${NAME}/blobs/${BLOB}`, { options: redirecting }),
  ...getAndHead("blob.fetch", "blob.stat", "BLOB_UNKNOWN", `/v2/${NAME}/blobs/${absentDigest()}`),
  ...getAndHead("blob.fetch", "blob.stat", "DIGEST_INVALID", `/v2/${NAME}/blobs/sha256:x`),
  ...getAndHead("blob.fetch", "blob.stat", "RANGE_INVALID", `/v2/${NAME}/blobs/${BLOB}`, { headers: { range: "bytes=7-" } }),
  {
    route: "blob.delete",
    gives: 202,
    run: async (server) => await server.call("DELETE", `/v2/${NAME}/blobs/${await server.pushBlob(NAME, "away")}`),
  },
  { route: "blob.delete", gives: "BLOB_UNKNOWN", run: call("DELETE", `/v2/${NAME}/blobs/${absentDigest()}`) },
  { route: "blob.delete", gives: "DIGEST_INVALID", run: call("DELETE", `/v2/${NAME}/blobs/sha256:x`) },
  { route: "blob.delete", gives: "UNSUPPORTED", options: noDeletes, run: call("DELETE", `/v2/${NAME}/blobs/${BLOB}`) },
  ...start("upload.start", UPLOADS),
  ...start("upload.start.bare", UPLOADS.slice(0, -1)),
  { route: "upload.status", gives: 204, run: onSession("GET") },
  { route: "upload.status.head", gives: 204, run: onSession("HEAD") },
  ...getAndHead("upload.status", "upload.status.head", "BLOB_UPLOAD_UNKNOWN", UNKNOWN_UPLOAD),
  { route: "upload.append", gives: 202, run: onSession("PATCH", "", { body: "content" }) },
  { route: "upload.append", gives: "BLOB_UPLOAD_UNKNOWN", run: call("PATCH", UNKNOWN_UPLOAD, { body: "content" }) },
  {
    route: "upload.append",
    gives: "BLOB_UPLOAD_INVALID",
    status: 400,
    run: onSession("PATCH", "", { body: "content", headers: { "content-range": "x" } }),
  },
  { route: "upload.append", gives: "RANGE_INVALID", run: onSession("PATCH", "", { body: "content", headers: { "content-range": "1-7" } }) },
  { route: "upload.append", gives: "SIZE_INVALID", run: onSession("PATCH", "", { body: "content", headers: { "content-range": "0-7" } }) },
  { route: "upload.append", gives: "UNSUPPORTED", options: readOnly, run: call("PATCH", UNKNOWN_UPLOAD, { body: "content" }) },
  { route: "upload.commit", gives: 201, run: onSession("PUT", `?digest=${BLOB}`, { body: "content" }) },
  { route: "upload.commit", gives: "BLOB_UPLOAD_UNKNOWN", run: call("PUT", `${UNKNOWN_UPLOAD}?digest=${BLOB}`, { body: "content" }) },
  {
    route: "upload.commit",
    gives: "BLOB_UPLOAD_INVALID",
    status: 400,
    run: onSession("PUT", `?digest=${BLOB}`, { body: "content", headers: { "content-range": "x" } }),
  },
  { route: "upload.commit", gives: "DIGEST_INVALID", run: onSession("PUT", `?digest=${absentDigest()}`, { body: "content" }) },
  {
    route: "upload.commit",
    gives: "RANGE_INVALID",
    run: onSession("PUT", `?digest=${BLOB}`, { body: "content", headers: { "content-range": "1-7" } }),
  },
  {
    route: "upload.commit",
    gives: "SIZE_INVALID",
    run: onSession("PUT", `?digest=${BLOB}`, { body: "content", headers: { "content-range": "0-7" } }),
  },
  {
    route: "upload.commit",
    gives: "UNSUPPORTED",
    options: readOnly,
    run: call("PUT", `${UNKNOWN_UPLOAD}?digest=${BLOB}`, { body: "content" }),
  },
  { route: "upload.cancel", gives: 204, run: onSession("DELETE") },
  { route: "upload.cancel", gives: "BLOB_UPLOAD_UNKNOWN", run: call("DELETE", UNKNOWN_UPLOAD) },
  { route: "upload.cancel", gives: "UNSUPPORTED", options: readOnly, run: call("DELETE", UNKNOWN_UPLOAD) },
  { route: "referrers.list", gives: 200, run: call("GET", `/v2/${NAME}/referrers/${IMAGE.digest}`) },
  { route: "referrers.list", gives: "DIGEST_INVALID", run: call("GET", `/v2/${NAME}/referrers/sha256:x`) },
];

/** Statuses that a summary of this route may show. */
export function documentedStatuses(
  route: { readonly name: string; readonly successes: readonly number[] },
  errors: readonly number[],
): ReadonlySet<number> {
  const own = PROVOCATIONS.filter(({ route: name, status }) => name === route.name && status !== undefined).map(
    ({ status }) => status ?? 0,
  );
  return new Set([
    ...route.successes,
    ...errors,
    ...own,
    ...(route.name === "manifest.put" ? [414] : []),
    ...(route.name.startsWith("upload.") ? [413] : []),
    499,
  ]);
}
