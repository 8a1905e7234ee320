import type { Readable } from "node:stream";
import {
  BlobUnknownError,
  type ByteSpan,
  type CallOptions,
  type Descriptor,
  formatRange,
  parseContentRange,
  SizeMismatchError,
} from "@berth/oci";
import type { ProtocolError } from "../errors.ts";
import { drain } from "../transport/drain.ts";
import { giverOf } from "../transport/network-error.ts";
import { type ResponseHeaders, headerValue, type TransportResponse } from "../transport/transport.ts";
import { isHtml, webPageError } from "../transport/web-page.ts";
import { checkContentDigest, contentLength, orNotFound, protocolError } from "./answers.ts";
import type { ConnectionRequest } from "./connection.ts";
import { blobPath, type RepositoryContext, scopesOf } from "./context.ts";

/** Bytes of a blob on their way. */
export interface OpenedSpan {
  readonly body: Readable;
  /** Where in the blob the body starts: 0 when the registry sent the whole though a part was asked for. */
  readonly start: number;
  /** The blob's entity tag, when it is one that proves two answers to be about the same bytes. */
  readonly etag: string | undefined;
  readonly headers: ResponseHeaders;
  /** Of what calls itself a web page: the error for it, should it be of another size than the blob. */
  readonly pageError?: () => ProtocolError;
  /** As {@link TransportResponse.passing}. */
  readonly passing?: NonNullable<TransportResponse["passing"]>;
}

/** Options of {@link BlobSource.open}. */
export interface OpenSpanOptions extends CallOptions {
  /** The bytes are meant to be read by `passing`. */
  readonly bulk?: boolean;
  /** `never`: whoever asks has a retry loop of its own around this, so that the two do not multiply. */
  readonly retry?: "never";
  /** As {@link ConnectionRequest.again}. */
  readonly again?: NonNullable<ConnectionRequest["again"]>;
}

/** Opens a blob somewhere; called again when a download breaks. */
export interface BlobSource {
  readonly target: Pick<Descriptor, "digest" | "size">;
  /** Host that errors name. */
  readonly from: string;
  /** @param etag what an earlier answer said; the registry sends the whole blob when it no longer holds. */
  open(span: ByteSpan, etag: string | undefined, options: OpenSpanOptions): Promise<OpenedSpan>;
}

/** A blob of a repository, or at a URL that stands in for it. */
export function blobSource(context: RepositoryContext, target: Descriptor, url?: URL): BlobSource {
  return {
    target,
    from: url?.host ?? context.connection.registry,
    async open(span, etag, { signal, bulk, retry, again }) {
      const ask = async (headers: Readonly<Record<string, string>>, expect: readonly number[]): Promise<TransportResponse> => {
        const answer = context.connection.send({
          method: "GET",
          target: url ?? blobPath(context, target.digest),
          headers,
          operation: "fetch blob",
          ...(url === undefined && { scopes: scopesOf(context, "pull") }),
          expect,
          ...(bulk === true && { bulk }),
          ...(retry && { retry }),
          ...(again && { again }),
          ...(signal && { signal }),
        });
        return await orNotFound(answer, (options) => new BlobUnknownError(target.digest, options));
      };
      const part = rangeHeaders(span, target.size, etag);
      let response = await ask(part, "range" in part ? [200, 206, 416] : [200, 206]);
      if (response.status === 416) {
        await drain(response); // of a blob that has that part: it knows no parts
        response = await ask({}, [200]);
      }
      try {
        return openedSpan(response, span, target);
      } catch (error) {
        response.body.destroy();
        throw error;
      }
    },
  };
}

function rangeHeaders({ start, end }: ByteSpan, size: number, etag: string | undefined): Readonly<Record<string, string>> {
  if (start === 0 && end === size) return {};
  const range = formatRange({ first: start, last: end - 1 });
  return etag === undefined ? { range } : { range, "if-range": etag };
}

/** Checks what an answer says about its body. Somebody may store web pages as blobs: these have the right size. @throws {ProtocolError} @throws {SizeMismatchError} @throws {DigestMismatchError} */
export function openedSpan(response: TransportResponse, span: ByteSpan, { digest, size }: BlobSource["target"]): OpenedSpan {
  const { headers, body, status, passing } = response;
  checkContentDigest(response, digest);
  const start = status === 206 ? partStart(response, span, size) : 0;
  const expected = (status === 206 ? span.end : size) - start;
  const actual = contentLength(response);
  const pageError = isHtml(headerValue(headers, "content-type")) ? () => webPageError(response) : undefined;
  if (actual !== undefined && actual !== expected) {
    throw pageError?.() ?? new SizeMismatchError({ expected, actual }, { ...giverOf(response.request), digest });
  }
  const etag = headerValue(headers, "etag");
  return {
    body,
    start,
    etag: etag?.startsWith('"') ? etag : undefined,
    headers,
    ...(pageError && { pageError }),
    ...(passing && { passing }),
  };
}

/** Where a part starts. @throws {ProtocolError} when it is not the one that was asked for. */
function partStart(response: TransportResponse, span: ByteSpan, size: number): number {
  const value = headerValue(response.headers, "content-range") ?? "";
  const range = parseContentRange(value);
  const asked = `${span.start}-${span.end - 1}/${size}`;
  if (range === undefined || range.start !== span.start || range.end !== span.end - 1 || (range.size ?? size) !== size) {
    throw protocolError(response, `sent the part "${value.slice(0, 100)}", expected "bytes ${asked}"`);
  }
  return range.start;
}
