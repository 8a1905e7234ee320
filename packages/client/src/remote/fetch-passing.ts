import { type Descriptor, spanOf } from "@berth/oci";
import { downloadOptions, type FetchBlobOptions, openSpan } from "./blob-fetch.ts";
import type { OpenedSpan } from "./blob-source.ts";
import type { RepositoryContext } from "./context.ts";
import { Download } from "./download.ts";
import { inlineContent } from "./inline-content.ts";

/** From this size on content has a connection of its own, whose memory is used again. Bytes. */
const BULK = 8_388_608;

/** Content on its way, read with the first chunk that is asked for. */
export interface PassingBlob extends AsyncIterable<Uint8Array> {
  /** True once parts of it came over different connections: when the digest is wrong then, they may not fit together. */
  readonly wasResumed: boolean;
}

/** Reads a blob or a part of it. @see RemoteBlobStore.fetchPassing */
export function fetchPassing(context: RepositoryContext, target: Descriptor, options: FetchBlobOptions = {}): PassingBlob {
  let download: Download | undefined;
  return {
    get wasResumed() {
      return download?.wasResumed === true;
    },
    [Symbol.asyncIterator]: () => read(context, target, options, (begun) => (download = begun)),
  };
}

async function* read(
  context: RepositoryContext,
  target: Descriptor,
  options: FetchBlobOptions,
  onBegin: (download: Download) => void,
): AsyncGenerator<Uint8Array, void> {
  const span = spanOf(options, target.size);
  const inline = inlineContent(target);
  if (inline !== undefined) {
    yield inline.subarray(span.start, span.end);
    return;
  }
  if (span.start === span.end && target.size > 0) return; // an empty part needs no request, an empty blob does: it may not exist
  const bulk = span.end - span.start >= BULK;
  const { source, opened } = await openSpan(context, target, span, { ...options, bulk });
  const download = new Download(source, span, opened, { ...downloadOptions(context, source, options), bulk });
  onBegin(download);
  for (let part: OpenedSpan | undefined = opened; part !== undefined; ) {
    const broke: Broke | undefined = yield* readPart(part, download);
    options.signal?.throwIfAborted();
    part = broke === undefined || download.isOver ? undefined : await download.reopen(broke.error);
  }
  download.finish();
}

/** What ended a part before its end. */
interface Broke {
  readonly error: unknown;
}

/** Reads what one connection brings. Errors of the content are thrown. */
async function* readPart({ body, passing }: OpenedSpan, download: Download): AsyncGenerator<Uint8Array, Broke | undefined> {
  const source: AsyncIterable<Uint8Array, unknown> = passing?.() ?? body;
  const chunks = source[Symbol.asyncIterator]();
  try {
    while (!download.isEnough) {
      let step: IteratorResult<Uint8Array, unknown>;
      try {
        step = await chunks.next();
      } catch (error) {
        return { error };
      }
      if (step.done) break;
      const fresh = download.take(step.value);
      if (fresh.byteLength > 0) yield fresh;
    }
  } finally {
    await chunks.return?.();
    body.destroy();
  }
  return undefined;
}
