import { Readable } from "node:stream";
import { type ByteSource, SizeMismatchError } from "@berth/oci";
import type { RequestBody } from "./body.ts";

/** Bytes in memory up to this size are written in one go. Larger ones are cut, so that an early answer stops the rest. */
const MAX_WHOLE = 65_536;
/** Bytes of one piece of a larger body in memory. */
const PIECE = 262_144;
/** Bytes of one piece where the watch must hear of it when some of a large chunk went. */
const WATCHED_PIECE = 16_384;

/** A body on its way to a socket. */
export interface SendingBody {
  /** What undici is given. */
  readonly content: Uint8Array | Readable;
  /** Bytes announced; undefined: sent chunked. */
  readonly size: number | undefined;
  /** What the source failed with. */
  readonly failure: Error | undefined;
  /** True once every byte was handed over. */
  readonly isWhole: boolean;
  /** Gives out no more bytes: the answer is there before the body went. */
  stop(): void;
  /** Ends the source; nothing reads it any more. */
  close(): void;
}

/** Watches bytes on their way: told before and after each wait for the network. */
export interface SendingWatch {
  /** Whether it matters. */
  readonly isOn: boolean;
  /** Bytes were handed over and wait for the network. */
  waiting(): void;
  /** The network took them. */
  moved(): void;
}

/**
 * Opens a body for one request. Its bytes are counted: a source that gives more or fewer than it promised fails with `SizeMismatchError`
 * before the other side could take it for whole.
 */
export function sendingBody(body: RequestBody, watch: SendingWatch): SendingBody {
  const { bytes, size } = body;
  if (bytes !== undefined && bytes.byteLength <= MAX_WHOLE) {
    return { content: bytes, size: bytes.byteLength, failure: undefined, isWhole: true, stop: nothing, close: nothing };
  }
  const source = bytes === undefined ? (body.openPassing?.() ?? body.open()) : pieces(bytes);
  const sending = new CountedReadable(source, size, watch);
  return {
    content: sending,
    size,
    get failure() {
      return sending.failure;
    },
    get isWhole() {
      return sending.isWhole;
    },
    stop: () => sending.stop(),
    close: () => void sending.destroy(),
  };
}

/** Reads a source one step ahead of the socket, no further. */
class CountedReadable extends Readable {
  readonly #source: ByteSource;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #size: number | undefined;
  readonly #watch: SendingWatch;
  readonly #maxPiece: number;
  /** What is left of the chunk that is being handed over. */
  #rest: Uint8Array = new Uint8Array();
  #sent = 0;
  #stopped = false;
  #reading = false;
  failure: Error | undefined;
  isWhole = false;

  constructor(source: ByteSource, size: number | undefined, watch: SendingWatch) {
    super({ highWaterMark: 1 });
    this.#source = source;
    this.#iterator = source[Symbol.asyncIterator]();
    this.#size = size;
    this.#watch = watch;
    this.#maxPiece = watch.isOn ? WATCHED_PIECE : Infinity;
    this.on("error", nothing); // undici reports it; without a listener it would end the process when undici is done with the body already
  }

  stop(): void {
    this.#stopped = true;
    this.#watch.moved();
  }

  override _read(): void {
    this.#watch.moved();
    if (this.#stopped || this.#reading) return;
    this.#reading = true;
    this.#pull().then(
      () => {
        this.#reading = false;
      },
      (error: unknown) => {
        if (this.destroyed) return;
        this.failure = error instanceof Error ? error : new Error(`Cannot read the body: ${String(error)}`, { cause: error });
        this.destroy(this.failure);
      },
    );
  }

  async #pull(): Promise<void> {
    while (this.#rest.byteLength === 0) {
      // an empty chunk would end a chunked body
      const next = await this.#iterator.next();
      if (this.destroyed) return;
      if (next.done) {
        this.#check(this.#sent === (this.#size ?? this.#sent));
        this.isWhole = true;
        this.push(null);
        return;
      }
      this.#sent += next.value.byteLength;
      this.#check(this.#sent <= (this.#size ?? this.#sent));
      this.#rest = next.value;
    }
    const piece = this.#rest.subarray(0, this.#maxPiece);
    this.#rest = this.#rest.subarray(piece.byteLength);
    this.#reading = false; // push may ask for more at once
    this.#watch.waiting();
    this.push(piece);
  }

  #check(isRight: boolean): void {
    if (!isRight) throw new SizeMismatchError({ expected: this.#size ?? 0, actual: this.#sent });
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#watch.moved();
    const source = this.#source;
    if (source instanceof Readable)
      source.destroy(); // at once, even while a read of it waits
    else this.#iterator.return?.().then(nothing, nothing); // the error that counts is already known
    callback(error);
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

function nothing(): void {}
