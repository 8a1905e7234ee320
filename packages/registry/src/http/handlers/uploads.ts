import {
  type ByteRange,
  type ByteSource,
  DIGEST_ALGORITHMS,
  type Digest,
  type DigestAlgorithm,
  InvalidDigestError,
  formatUploadRange,
  isDigest,
  isDigestAlgorithm,
  isRepositoryName,
  parseContentRange,
  parseDigest,
} from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { UploadRangeError } from "../../domain/errors.ts";
import { withExactSize } from "../../domain/exact-size.ts";
import type { UploadStatus } from "../../domain/uploads.ts";
import { contentLength, hasBody, passingBody } from "../body.ts";
import { HttpError } from "../errors.ts";
import type { Exchange, HeaderList } from "../exchange.ts";

/** Digests of nothing: who announces one of them sends a whole blob, without a body. */
const NO_BYTES: ReadonlySet<string> = new Set(DIGEST_ALGORITHMS.map((algorithm) => digestOf("", algorithm)));

/** `POST` to the uploads of a repository: a mount, a whole blob at once, or a new session. */
export async function startUpload(exchange: Exchange): Promise<void> {
  const { query, repository, context, name } = exchange;
  const mount = query.get("mount");
  if (mount !== null && (await tryMount(exchange, mount))) return;
  const announced = query.get("digest");
  if (announced !== null && (hasBody(exchange.request) || NO_BYTES.has(announced))) {
    const digest = parseDigest(announced);
    await context.namespace.uploads.put(name, digest, passingBody(exchange));
    sendCreated(exchange, digest);
    return;
  }
  sendStatus(exchange, 202, await context.namespace.uploads.create(repository.name, digestAlgorithmOf(exchange)));
}

/** `GET` and `HEAD` of a session: how far it is. */
export async function uploadStatus(exchange: Exchange): Promise<void> {
  sendStatus(exchange, 204, await exchange.context.namespace.uploads.status(exchange.name, exchange.parameter));
}

/** `PATCH`: the next bytes. */
export async function appendChunk(exchange: Exchange): Promise<void> {
  const range = await chunkRange(exchange);
  const status = await exchange.context.namespace.uploads.append(exchange.name, exchange.parameter, chunkBody(exchange, range), {
    start: range?.start,
  });
  sendStatus(exchange, 202, status);
}

/** `PUT`: the last bytes, if any, and the digest of the whole. */
export async function commitUpload(exchange: Exchange): Promise<void> {
  const { context, name, parameter, request, query } = exchange;
  const wanted = query.get("digest");
  if (wanted === null || wanted === "")
    throw new HttpError("DIGEST_INVALID", "Cannot commit upload: the digest is missing", { detail: "digest missing" });
  const digest = parseDigest(wanted);
  const range = await chunkRange(exchange);
  await context.namespace.uploads.commit(name, parameter, digest, hasBody(request) ? chunkBody(exchange, range) : undefined, {
    start: range?.start,
  });
  sendCreated(exchange, digest);
}

/** `DELETE`: drops the session. */
export async function cancelUpload(exchange: Exchange): Promise<void> {
  await exchange.context.namespace.uploads.cancel(exchange.name, exchange.parameter);
  exchange.send(204, ["Docker-Upload-UUID", exchange.parameter]);
}

/** A mount that cannot be done is no error: the client gets a session and sends the bytes. */
async function tryMount(exchange: Exchange, mount: string): Promise<boolean> {
  const from = exchange.query.get("from") ?? undefined;
  if (!isDigest(mount) || (from !== undefined && !isRepositoryName(from))) return false;
  const mayPull = (repository: string): boolean =>
    exchange.grant?.allows({ type: "repository", class: "", name: repository, action: "pull" }) === true;
  if (!(await exchange.repository.blobs.mount({ digest: mount }, from, { mayPull }))) return false;
  sendCreated(exchange, mount);
  return true;
}

function digestAlgorithmOf(exchange: Exchange): DigestAlgorithm | undefined {
  const algorithm = exchange.query.get("digest-algorithm");
  if (algorithm === null) return undefined;
  if (!isDigestAlgorithm(algorithm)) {
    const known = DIGEST_ALGORITHMS.join(", ");
    throw new InvalidDigestError(`${algorithm}:`, `unsupported algorithm "${algorithm.slice(0, 64)}", expected one of ${known}`);
  }
  return algorithm;
}

/** Which bytes the request says that it carries. @throws {HttpError} when its headers contradict each other. */
async function chunkRange({ request, context, name, parameter }: Exchange): Promise<ByteRange | undefined> {
  const header = request.headers["content-range"];
  if (header === undefined) return undefined;
  const range = parseContentRange(header);
  if (range === undefined)
    throw new HttpError("BLOB_UPLOAD_INVALID", "Cannot append to upload: Content-Range is malformed", {
      status: 400,
      detail: "malformed Content-Range",
    });
  if (range.end < range.start) {
    const { size } = await context.namespace.uploads.status(name, parameter);
    throw new UploadRangeError(parameter, size, "the chunk ends before it starts");
  }
  const length = contentLength(request);
  if (length !== undefined && length !== lengthOf(range)) {
    throw new HttpError("SIZE_INVALID", "Cannot append to upload: Content-Length and Content-Range differ", {
      detail: "Content-Length is not the length of Content-Range",
    });
  }
  return range;
}

/** A body of unknown length must be as long as its Content-Range says; one with a length was compared already. */
function chunkBody(exchange: Exchange, range: ByteRange | undefined): ByteSource {
  const body = passingBody(exchange);
  return range === undefined || contentLength(exchange.request) !== undefined ? body : withExactSize(body, lengthOf(range));
}

function lengthOf({ start, end }: ByteRange): number {
  return end - start + 1;
}

function sendStatus(exchange: Exchange, status: number, upload: UploadStatus): void {
  const headers: HeaderList = [
    "Location",
    exchange.location(`blobs/uploads/${upload.id}`),
    "Range",
    formatUploadRange(upload.size),
    "Docker-Upload-UUID",
    upload.id,
    "Berth-Upload-Offset",
    upload.size,
  ];
  if (status !== 204) headers.push("Content-Length", 0);
  exchange.send(status, headers);
}

function sendCreated(exchange: Exchange, digest: Digest): void {
  exchange.send(201, ["Location", exchange.location(`blobs/${digest}`), "Docker-Content-Digest", digest, "Content-Length", 0]);
}
