import { BlobUnknownError, type CallOptions, type Descriptor, type Digest, MEDIA_TYPES, parseContentRange } from "@berth/oci";
import { drain } from "../transport/drain.ts";
import { headerValue, type TransportResponse } from "../transport/transport.ts";
import { checkContentDigest, contentLength, orNotFound, protocolError } from "./answers.ts";
import { blobPath, type RepositoryContext, scopesOf } from "./context.ts";

/** Asks about a blob. The answer has no body, or one that is to be destroyed. */
export async function askForBlob(
  context: RepositoryContext,
  method: "HEAD" | "GET",
  digest: Digest,
  {
    signal,
    headers = {},
    expect = [200],
  }: CallOptions & { readonly headers?: Readonly<Record<string, string>>; readonly expect?: readonly number[] },
): Promise<TransportResponse> {
  const answer = context.connection.send({
    method,
    target: blobPath(context, digest),
    headers,
    operation: "look up blob",
    scopes: scopesOf(context, "pull"),
    expect,
    ...(signal && { signal }),
  });
  return await orNotFound(answer, (options) => new BlobUnknownError(digest, options));
}

/** Describes a blob by HEAD, or by a GET of one byte when the answer lacks the length. @throws {NotFoundError} */
export async function statBlob(context: RepositoryContext, digest: Digest, options: CallOptions): Promise<Descriptor> {
  const response = await askForBlob(context, "HEAD", digest, options);
  await drain(response);
  checkContentDigest(response, digest);
  const size = contentLength(response) ?? (await sizeByGet(context, digest, options));
  return { mediaType: MEDIA_TYPES.octetStream, digest, size };
}

async function sizeByGet(context: RepositoryContext, digest: Digest, options: CallOptions): Promise<number> {
  const response = await askForBlob(context, "GET", digest, { ...options, headers: { range: "bytes=0-0" }, expect: [200, 206] });
  response.body.destroy();
  const size =
    response.status === 206 ? parseContentRange(headerValue(response.headers, "content-range") ?? "")?.size : contentLength(response);
  if (size === undefined) throw protocolError(response, "does not say how large the blob is");
  return size;
}
