import { base, discover, live, ready, redirectToBase, root } from "./handlers/base.ts";
import { deleteBlob, fetchBlob } from "./handlers/blobs.ts";
import { listReferrers, listRepositories, listTags } from "./handlers/lists.ts";
import { deleteManifest, fetchManifest, putManifest, statManifest } from "./handlers/manifests.ts";
import { appendChunk, cancelUpload, commitUpload, startUpload, uploadStatus } from "./handlers/uploads.ts";
import type { Route } from "./route.ts";

const MANIFEST = "/v2/{name}/manifests/{reference}";
const BLOB = "/v2/{name}/blobs/{digest}";
const UPLOADS = "/v2/{name}/blobs/uploads/";
const UPLOADS_BARE = "/v2/{name}/blobs/uploads";
const UPLOAD = "/v2/{name}/blobs/uploads/{uuid}";

/** Everything that the registry answers. */
export const ROUTES: readonly Route[] = [
  { name: "root", method: "GET", path: "/", action: "open", group: "base", summary: "Answer load balancers", successes: [200], errors: [], handle: root },
  { name: "root.head", method: "HEAD", path: "/", action: "open", group: "base", summary: "Answer load balancers", successes: [200], errors: [], handle: root },
  { name: "live", method: "GET", path: "/livez", action: "open", group: "health", summary: "Say whether the process is alive", successes: [200], errors: [], handle: live },
  { name: "ready", method: "GET", path: "/readyz", action: "open", group: "health", summary: "Say whether metadata and storage answer", successes: [200], errors: ["UNAVAILABLE"], handle: ready },
  { name: "base.redirect", method: "GET", path: "/v2", action: "open", group: "base", summary: "Lead to the base with its slash", successes: [301], errors: [], handle: redirectToBase },
  { name: "base", method: "GET", path: "/v2/", action: "base", group: "base", summary: "Check that this is a registry and that the credentials hold", successes: [200], errors: [], handle: base },
  { name: "base.head", method: "HEAD", path: "/v2/", action: "base", group: "base", summary: "Check that this is a registry and that the credentials hold", successes: [200], errors: [], handle: base },
  { name: "extension.discover", method: "GET", path: "/v2/_oci/ext/discover", action: "base", group: "extension", summary: "List extensions", successes: [200], errors: [], handle: discover },
  { name: "catalog.list", method: "GET", path: "/v2/_catalog", action: "catalog", group: "catalog", summary: "List repositories", query: ["n", "last"], successes: [200], errors: ["PAGINATION_NUMBER_INVALID"], handle: listRepositories },
  { name: "tags.list", method: "GET", path: "/v2/{name}/tags/list", action: "pull", group: "tags", summary: "List tags", query: ["n", "last"], successes: [200], errors: ["NAME_UNKNOWN", "PAGINATION_NUMBER_INVALID"], handle: listTags },
  { name: "manifest.fetch", method: "GET", path: MANIFEST, action: "pull", group: "manifest", summary: "Get a manifest", successes: [200, 304], errors: ["MANIFEST_UNKNOWN", "DIGEST_INVALID"], handle: fetchManifest },
  { name: "manifest.stat", method: "HEAD", path: MANIFEST, action: "pull", group: "manifest", summary: "Describe a manifest", successes: [200, 304], errors: ["MANIFEST_UNKNOWN", "DIGEST_INVALID"], handle: statManifest },
  { name: "manifest.put", method: "PUT", path: MANIFEST, action: "push", group: "manifest", summary: "Put a manifest and its tags", query: ["tag"], successes: [201], errors: ["MANIFEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "DIGEST_INVALID", "TAG_INVALID", "SIZE_INVALID", "UNSUPPORTED"], handle: putManifest },
  { name: "manifest.delete", method: "DELETE", path: MANIFEST, action: "delete", group: "manifest", summary: "Delete a manifest or a tag", successes: [202], errors: ["MANIFEST_UNKNOWN", "DIGEST_INVALID", "UNSUPPORTED"], handle: deleteManifest },
  { name: "blob.fetch", method: "GET", path: BLOB, action: "pull", group: "blob", summary: "Get a blob or a part of it", successes: [200, 206, 304, 307], errors: ["BLOB_UNKNOWN", "DIGEST_INVALID", "RANGE_INVALID"], handle: fetchBlob },
  { name: "blob.stat", method: "HEAD", path: BLOB, action: "pull", group: "blob", summary: "Describe a blob", successes: [200, 206, 304, 307], errors: ["BLOB_UNKNOWN", "DIGEST_INVALID", "RANGE_INVALID"], handle: fetchBlob },
  { name: "blob.delete", method: "DELETE", path: BLOB, action: "delete", group: "blob", summary: "Take a blob out of a repository", successes: [202], errors: ["BLOB_UNKNOWN", "DIGEST_INVALID", "UNSUPPORTED"], handle: deleteBlob },
  { name: "upload.start", method: "POST", path: UPLOADS, action: "push", group: "blob_upload", summary: "Mount a blob, put a whole one, or open an upload session", query: ["mount", "from", "digest", "digest-algorithm"], successes: [201, 202], errors: ["DIGEST_INVALID", "SIZE_INVALID", "UNSUPPORTED"], handle: startUpload },
  { name: "upload.start.bare", method: "POST", path: UPLOADS_BARE, action: "push", group: "blob_upload", summary: "The same for clients that leave the slash out", query: ["mount", "from", "digest", "digest-algorithm"], successes: [201, 202], errors: ["DIGEST_INVALID", "SIZE_INVALID", "UNSUPPORTED"], handle: startUpload },
  { name: "upload.status", method: "GET", path: UPLOAD, action: "pull", group: "blob_upload_chunk", summary: "Say how far a session is", successes: [204], errors: ["BLOB_UPLOAD_UNKNOWN"], handle: uploadStatus },
  { name: "upload.status.head", method: "HEAD", path: UPLOAD, action: "pull", group: "blob_upload_chunk", summary: "Say how far a session is", successes: [204], errors: ["BLOB_UPLOAD_UNKNOWN"], handle: uploadStatus },
  { name: "upload.append", method: "PATCH", path: UPLOAD, action: "push", group: "blob_upload_chunk", summary: "Add bytes to a session", successes: [202], errors: ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "RANGE_INVALID", "SIZE_INVALID", "UNSUPPORTED"], handle: appendChunk },
  { name: "upload.commit", method: "PUT", path: UPLOAD, action: "push", group: "blob_upload_chunk", summary: "End a session with a blob", query: ["digest"], successes: [201], errors: ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "DIGEST_INVALID", "RANGE_INVALID", "SIZE_INVALID", "UNSUPPORTED"], handle: commitUpload },
  { name: "upload.cancel", method: "DELETE", path: UPLOAD, action: "delete", group: "blob_upload_chunk", summary: "Drop a session", successes: [204], errors: ["BLOB_UPLOAD_UNKNOWN", "UNSUPPORTED"], handle: cancelUpload },
  { name: "referrers.list", method: "GET", path: "/v2/{name}/referrers/{digest}", action: "pull", group: "referrers", summary: "List the manifests that refer to a digest", query: ["artifactType", "last"], successes: [200], errors: ["DIGEST_INVALID"], handle: listReferrers },
];
