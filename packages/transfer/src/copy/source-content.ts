import { type ByteSource, type Descriptor, type Fetcher, type FetchOptions, type ReplayableSource, replayableSource } from "@berth/oci";
import { passingFetcherOf } from "./abilities.ts";
import { asCopyError } from "./errors.ts";

/** Options of {@link sourceContent}. */
export interface SourceContentOptions {
  readonly signal: AbortSignal;
  /** Told when content is put together of parts that came by themselves. */
  readonly onResumed: () => void;
  /** Told how far into the content the reader came. Never goes back. */
  readonly onRead: (position: number) => void;
  /** Told how many bytes came, also when they came before. */
  readonly onMoved: ((bytes: number) => void) | undefined;
  /** Waits until bytes may pass. */
  readonly pass: ((bytes: number) => Promise<void>) | undefined;
}

/** Smaller content gains nothing by memory that is used again. Bytes. */
const WORTH_PASSING = 1 << 20;

/**
 * Content of a source, opened when it is read and again at any offset. It is not checked here: who stores it does that, and hashing
 * twice would cost more than everything else.
 */
export function sourceContent(source: Fetcher, target: Descriptor, options: SourceContentOptions): ReplayableSource {
  let furthest = 0;
  const onRead = (position: number): void => {
    if (position <= furthest) return;
    furthest = position;
    options.onRead(position);
  };
  const opening = (fetch: () => Promise<ByteSource> | ByteSource, offset: number): ByteSource => ({
    [Symbol.asyncIterator]: () => new SourceReader(fetch, target, offset, { ...options, onRead }),
  });
  const fetchOptions = (offset: number): FetchOptions & { readonly verify: false } => ({ offset, signal: options.signal, verify: false });
  const content = replayableSource(target.size, (offset) => opening(async () => await source.fetch(target, fetchOptions(offset)), offset));
  const blobs = passingFetcherOf(source);
  if (blobs === undefined || target.size < WORTH_PASSING) return content;
  return { ...content, openPassing: (offset = 0) => opening(() => blobs.fetchPassing(target, fetchOptions(offset)), offset) };
}

type Chunks = AsyncIterator<Uint8Array, unknown>;

/** True for downloads that were cut and gone on with. */
function wasResumed(stream: object): boolean {
  return "wasResumed" in stream && stream.wasResumed === true;
}

/** Opens the source with the first read; then hands chunk by chunk on, with as few promises as possible. */
class SourceReader implements AsyncIterator<Uint8Array, undefined> {
  readonly #open: () => Promise<ByteSource> | ByteSource;
  readonly #target: Descriptor;
  readonly #options: SourceContentOptions;
  #position: number;
  #stream: ByteSource | undefined;
  #chunks: Chunks | undefined;
  #isOver = false;

  constructor(open: () => Promise<ByteSource> | ByteSource, target: Descriptor, offset: number, options: SourceContentOptions) {
    this.#open = open;
    this.#target = target;
    this.#options = options;
    this.#position = offset;
    if (offset > 0) options.onResumed();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    const { signal, onRead, onMoved, pass } = this.#options;
    try {
      this.#stream ??= await this.#open();
      this.#chunks ??= this.#stream[Symbol.asyncIterator]();
      const step = await this.#chunks.next();
      if (step.done) {
        this.#isOver = true;
        if (wasResumed(this.#stream)) this.#options.onResumed();
        return { done: true, value: undefined };
      }
      this.#position += step.value.byteLength;
      if (pass !== undefined) await pass(step.value.byteLength);
      onMoved?.(step.value.byteLength);
      onRead(this.#position);
      return { done: false, value: step.value };
    } catch (error) {
      this.#isOver = true;
      signal.throwIfAborted();
      throw asCopyError("fetch", "source", this.#target, error);
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isOver = true;
    await this.#chunks?.return?.();
    return { done: true, value: undefined };
  }
}
