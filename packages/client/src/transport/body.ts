import { type ByteSource, bytesSource, isReplayable, SizeMismatchError } from "@berth/oci";
import { UnreplayableBodyError } from "../errors.ts";
import { wholeNumber } from "../number-option.ts";

/** What callers may hand over as content. */
export type Content = ByteSource | Uint8Array | string;

/** The body of a request, which may have to be sent more than once. */
export interface RequestBody {
  /** Bytes; undefined when unknown, and then the body is sent chunked. */
  readonly size: number | undefined;
  /** False when {@link open} works only once. */
  readonly replayable: boolean;
  /** The bytes at once, when they are in memory. */
  readonly bytes?: Uint8Array;
  /** Starts reading. @throws {UnreplayableBodyError} when it was read before and cannot be again. */
  open(): ByteSource;
  /** {@link open} for transports that have written a chunk out when they ask for the third one after it: see `ReplayableSource`. */
  openPassing?(): ByteSource;
}

/**
 * Makes a body of content. `size` is what was promised; undefined: the content's own size if it knows it.
 *
 * @throws {RangeError} on a `size` that is none.
 * @throws {SizeMismatchError} when the content knows its size and it is another one: nothing is sent then.
 */
export function requestBody(content: Content, size?: number): RequestBody {
  wholeNumber("size", size, 0);
  const source = typeof content === "string" || content instanceof Uint8Array ? bytesSource(content) : content;
  const known = isReplayable(source) ? source.size : undefined;
  if (size !== undefined && known !== undefined && known !== size) throw new SizeMismatchError({ expected: size, actual: known });
  const bytes = typeof content === "string" ? Buffer.from(content) : content instanceof Uint8Array ? content : undefined;
  let opened = false;
  if (isReplayable(source)) {
    const start = (openSource: () => ByteSource) => (): ByteSource => {
      try {
        return openSource();
      } catch (error) {
        throw opened ? new UnreplayableBodyError({ cause: error }) : error; // the first time it is just the source's error
      } finally {
        opened = true;
      }
    };
    const { openPassing } = source;
    return {
      size: source.size,
      replayable: true,
      ...(bytes && { bytes }),
      open: start(() => source.open()),
      ...(openPassing && { openPassing: start(() => openPassing.call(source)) }),
    };
  }
  return {
    size,
    replayable: false,
    open() {
      if (opened) throw new UnreplayableBodyError();
      opened = true;
      return source;
    },
  };
}
