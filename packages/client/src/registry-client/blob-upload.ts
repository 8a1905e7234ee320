import { type ByteSource, type CallOptions, type Digest, digestAlgorithm } from "@berth/oci";
import { ResponseError, UnreplayableBodyError } from "../errors.ts";
import type { RepositoryContext } from "../remote/context.ts";
import { closeSource } from "../remote/upload/content-reader.ts";
import { withDigest } from "../remote/upload/location.ts";
import { uploadRoute, UploadSession } from "../remote/upload/session.ts";
import { checkContentDigest } from "../remote/answers.ts";
import { type Content, type RequestBody, requestBody } from "../transport/body.ts";
import { drain } from "../transport/drain.ts";

/** Options of uploading a blob. */
export interface UploadBlobOptions extends CallOptions {
  /** Bytes of the content, when it does not know by itself; default: it is sent in pieces until it ends. */
  readonly size?: number;
  /** Opens the content anew, for when it has to be sent again; needless for bytes, texts and `ReplayableSource`s. */
  readonly getBody?: () => ByteSource;
}

/**
 * Uploads a blob in one piece: a POST, and a PUT to where it leads.
 *
 * @throws {UnreplayableBodyError} when the content had to be sent again and could not.
 * @throws {ResponseError} among others with `DIGEST_INVALID` when the content is another one.
 */
export async function uploadWhole(
  context: RepositoryContext,
  digest: Digest,
  content: Content,
  { size, getBody, signal }: UploadBlobOptions,
): Promise<void> {
  const route = uploadRoute(context.connection, context.name);
  let session: UploadSession | undefined;
  try {
    const body = getBody === undefined ? requestBody(content, size) : reopenable(content, size, getBody);
    session = await UploadSession.start(route, { signal, algorithm: digestAlgorithm(digest) });
    if (session === undefined) return;
    const response = await context.connection.send({
      method: "PUT",
      target: withDigest(session.url, digest),
      headers: { "content-type": "application/octet-stream" },
      body,
      expect: [201],
      operation: "push blob",
      scopes: route.scopes,
      headersTimeoutMs: 0, // registries read the whole blob again before they answer
      ...(signal && { signal }),
    });
    await drain(response);
    checkContentDigest(response, digest);
  } catch (error) {
    if (typeof content === "object" && !(content instanceof Uint8Array)) await closeSource(content, undefined);
    if (!(error instanceof ResponseError && error.status === 404)) await session?.abandon(signal);
    throw error;
  }
}

/** The content at first, then what `getBody` opens. */
function reopenable(content: Content, size: number | undefined, getBody: () => ByteSource): RequestBody {
  const first = requestBody(content, size);
  if (first.replayable) return first;
  let opened = false;
  return {
    size: first.size,
    replayable: true,
    open() {
      if (!opened) {
        opened = true;
        return first.open();
      }
      try {
        return getBody();
      } catch (cause) {
        throw new UnreplayableBodyError({ cause });
      }
    },
  };
}
