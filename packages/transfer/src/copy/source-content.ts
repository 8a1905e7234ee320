import {
  type ByteSource,
  type ByteStream,
  type Descriptor,
  type Fetcher,
  type FetchOptions,
  type ReplayableSource,
  replayableSource,
} from "@berth/oci";
import { asCopyError } from "./errors.ts";

/** Options of {@link sourceContent}. */
export interface SourceContentOptions {
  readonly signal: AbortSignal;
  /** Told when content is put together of parts that came by themselves. */
  readonly onResumed: () => void;
  /** Told how far into the content the reader came. Never goes back. */
  readonly onRead: (position: number) => void;
  /** Waits until bytes may pass. */
  readonly pass: ((bytes: number) => Promise<void>) | undefined;
}

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
  return replayableSource(
    target.size,
    (offset): ByteSource => ({
      [Symbol.asyncIterator]: () => new SourceReader(source, target, offset, { ...options, onRead }),
    }),
  );
}

type Chunks = AsyncIterator<Uint8Array, unknown>;

/** True for downloads that were cut and gone on with. */
function wasResumed(stream: object): boolean {
  return "wasResumed" in stream && stream.wasResumed === true;
}

/** Opens the source with the first read; then hands chunk by chunk on, with as few promises as possible. */
class SourceReader implements AsyncIterator<Uint8Array, undefined> {
  readonly #open: () => Promise<ByteStream>;
  readonly #target: Descriptor;
  readonly #options: SourceContentOptions;
  #position: number;
  #stream: ByteStream | undefined;
  #chunks: Chunks | undefined;
  #isOver = false;

  constructor(source: Fetcher, target: Descriptor, offset: number, options: SourceContentOptions) {
    this.#target = target;
    this.#options = options;
    this.#position = offset;
    const fetchOptions: FetchOptions & { readonly verify: false } = { offset, signal: options.signal, verify: false };
    this.#open = async () => await source.fetch(target, fetchOptions);
    if (offset > 0) options.onResumed();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    const { signal, onRead, pass } = this.#options;
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
