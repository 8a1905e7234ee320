import { BlobUnknownError, type Descriptor, type Digest, MEDIA_TYPES, parseContentRange } from "@berth/oci";
import { drain } from "../transport/drain.ts";
import { headerValue, type TransportResponse } from "../transport/transport.ts";
import { acknowledged } from "../transport/web-page.ts";
import { checkContentDigest, contentLength, orNotFound, protocolError } from "./answers.ts";
import { blobPath, type RepositoryPlace, scopesOf } from "./context.ts";

/** Options of asking about a blob. */
export interface AskForBlobOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: 200 alone. */
  readonly expect?: readonly number[];
  /** What a token is asked for; default: pulling. Who goes on to push asks for that at once. */
  readonly scopes?: readonly string[];
}

/** Asks about a blob. The answer has no body, or one that is to be destroyed. @throws {NotFoundError} */
export async function askForBlob(
  place: RepositoryPlace,
  method: "HEAD" | "GET",
  digest: Digest,
  { signal, headers = {}, expect = [200], scopes = scopesOf(place, "pull") }: AskForBlobOptions,
): Promise<TransportResponse> {
  const answer = place.connection.send({
    method,
    target: blobPath(place, digest),
    headers,
    operation: "look up blob",
    scopes,
    expect,
    ...(signal && { signal }),
  });
  return await orNotFound(answer, (options) => new BlobUnknownError(digest, options));
}

/** Whether a repository holds a blob. @throws {ProtocolError} when a web page says so. */
export async function hasBlob(
  place: RepositoryPlace,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  options: Pick<AskForBlobOptions, "signal" | "scopes">,
): Promise<boolean> {
  const response = await askForBlob(place, "HEAD", digest, { ...options, expect: [200, 404] });
  // clouds may have been told that the blob is a page; no other page is as long
  if (size > 0 && headerValue(response.headers, "content-length") === String(size)) await drain(response);
  else await acknowledged(response);
  return response.status === 200;
}

/** Describes a blob by HEAD, or by a GET of one byte when the answer lacks the length. @throws {NotFoundError} */
export async function statBlob(
  place: RepositoryPlace,
  digest: Digest,
  options: Pick<AskForBlobOptions, "signal" | "scopes">,
): Promise<Descriptor> {
  const response = await askForBlob(place, "HEAD", digest, options);
  await acknowledged(response);
  checkContentDigest(response, digest);
  const size = contentLength(response) ?? (await sizeByGet(place, digest, options));
  return { mediaType: MEDIA_TYPES.octetStream, digest, size };
}

async function sizeByGet(place: RepositoryPlace, digest: Digest, options: AskForBlobOptions): Promise<number> {
  const response = await askForBlob(place, "GET", digest, { ...options, headers: { range: "bytes=0-0" }, expect: [200, 206] });
  response.body.destroy();
  const size =
    response.status === 206 ? parseContentRange(headerValue(response.headers, "content-range") ?? "")?.size : contentLength(response);
  if (size === undefined) throw protocolError(response, "does not say how large the blob is");
  return size;
}
