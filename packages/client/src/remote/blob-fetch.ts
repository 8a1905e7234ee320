import type { Readable } from "node:stream";
import { type ByteSpan, type CallOptions, type Descriptor, type Digest, type FetchOptions, MEDIA_TYPES, spanOf } from "@berth/oci";
import { isNotFound } from "../errors.ts";
import { contentLength } from "./answers.ts";
import { type BlobSource, blobSource, type OpenedSpan, openedSpan, type OpenSpanOptions } from "./blob-source.ts";
import { askForBlob, statBlob } from "./blob-stat.ts";
import { bytesStream } from "./bytes-stream.ts";
import { blobProgress, both } from "./client-hooks.ts";
import type { RepositoryContext } from "./context.ts";
import type { DownloadOptions, DownloadProgress } from "./download.ts";
import { DownloadStream } from "./download-stream.ts";
import { foreignUrls } from "./foreign-urls.ts";
import { inlineContent } from "./inline-content.ts";

/** Options of {@link RemoteBlobStore.fetch}. */
export interface FetchBlobOptions extends FetchOptions {
  /**
   * Whether the stream fails instead of ending when a whole blob has another digest; default true. Sizes are checked in any case, and
   * the digest of a part can never be.
   */
  readonly verify?: boolean;
  /** Called as bytes come. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** A blob that was opened, and where from. */
export interface OpenedBlob {
  readonly source: BlobSource;
  readonly opened: OpenedSpan;
}

/** Opens a span of a blob: in the repository, else where its descriptor says that it is. @throws {NotFoundError} */
export async function openSpan(
  context: RepositoryContext,
  target: Descriptor,
  span: ByteSpan,
  options: OpenSpanOptions,
): Promise<OpenedBlob> {
  const source = blobSource(context, target);
  try {
    return { source, opened: await source.open(span, undefined, options) };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return (await openElsewhere(context, target, span, options)) ?? Promise.reject(error);
  }
}

async function openElsewhere(
  context: RepositoryContext,
  target: Descriptor,
  span: ByteSpan,
  options: OpenSpanOptions,
): Promise<OpenedBlob | undefined> {
  for (const url of foreignUrls(target, context.connection)) {
    const source = blobSource(context, target, url);
    try {
      return { source, opened: await source.open(span, undefined, options) };
    } catch {
      options.signal?.throwIfAborted(); // any other failure: the next place may do better, and the registry's own answer is reported
    }
  }
  return undefined;
}

/** Opens a blob or a part of it as a stream. */
export async function fetchBlob(context: RepositoryContext, target: Descriptor, options: FetchBlobOptions = {}): Promise<Readable> {
  const span = spanOf(options, target.size);
  const inline = inlineContent(target);
  if (inline !== undefined) return bytesStream(inline.subarray(span.start, span.end));
  // an empty part needs no request, an empty blob does: it may not exist
  if (span.start === span.end && target.size > 0) return bytesStream(new Uint8Array());
  const { source, opened } = await openSpan(context, target, span, options);
  return downloadStream(context, { source, opened }, span, options);
}

/** Opens a blob whose size is not known, in one request if the answer tells it. @throws {NotFoundError} */
export async function openUnknown(
  context: RepositoryContext,
  digest: Digest,
  options: CallOptions,
): Promise<{ readonly descriptor: Descriptor; readonly blob: OpenedBlob }> {
  const response = await askForBlob(context, "GET", digest, options);
  try {
    const size = contentLength(response);
    if (size !== undefined) {
      const descriptor = { mediaType: MEDIA_TYPES.octetStream, digest, size };
      const opened = openedSpan(response, { start: 0, end: size }, descriptor);
      return { descriptor, blob: { source: blobSource(context, descriptor), opened } };
    }
  } catch (error) {
    response.body.destroy();
    throw error;
  }
  response.body.destroy();
  const descriptor = await statBlob(context, digest, options);
  return { descriptor, blob: await openSpan(context, descriptor, { start: 0, end: descriptor.size }, options) };
}

/** Makes a stream of a span that was opened. */
export function downloadStream(
  context: RepositoryContext,
  { source, opened }: OpenedBlob,
  span: ByteSpan,
  options: FetchBlobOptions,
): Readable {
  return new DownloadStream(source, span, opened, downloadOptions(context, source, options));
}

/** How a blob of this repository is downloaded. */
export function downloadOptions(
  context: RepositoryContext,
  { target }: BlobSource,
  options: Pick<FetchBlobOptions, "signal" | "verify" | "onProgress">,
): DownloadOptions {
  const tell = blobProgress(context, "fetch blob", target.digest);
  const onProgress = both(options.onProgress, tell && (({ received, total }: DownloadProgress) => tell(received, total)));
  return {
    retries: context.settings.downloadRetries,
    retryDelayMs: context.settings.downloadRetryDelayMs,
    verify: options.verify ?? true,
    ...(onProgress && { onProgress }),
    ...(options.signal && { signal: options.signal }),
  };
}
