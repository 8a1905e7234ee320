import type { OnReadOpts, Socket } from "node:net";

/** Bytes of a buffer. */
const BUFFER = 524_288;
/** Three are the reader's, the others are being filled meanwhile. */
const BUFFERS = 6;
const READERS = 3;
/** A buffer with less room than this is handed over as it is. Bytes. */
const LITTLE_ROOM = 131_072;

/** Told while bytes of a body are waited for, and not while the reader is. */
export interface ReadsWatch {
  /** Bytes came. */
  moved(bytes: number): void;
  /** More are waited for. */
  waiting(): void;
}

/** The part of a body that comes straight from the socket. */
interface Direct {
  readonly watch: ReadsWatch;
  /** Bytes still to come. */
  left: number;
}

/**
 * What a socket reads, in the same few buffers over and over: fresh memory for each chunk costs more than reading and hashing it. Until
 * somebody takes the bytes they go through the socket's stream, as copies.
 */
export class PassingReads {
  /** To be made known when it is connected. */
  socket: Socket | undefined;
  /** What the socket is to be made with. */
  readonly onread: OnReadOpts = { buffer: () => this.#room(), callback: (size) => this.#came(size) };
  readonly #buffers: Uint8Array[] = [];
  /** Bytes in each buffer that is full. */
  readonly #sizes: number[] = [];
  /** Buffers that were filled; the next one is being filled, up to `#fill`. */
  #filled = 0;
  #fill = 0;
  /** Buffers that the reader asked for before the one it waits for. */
  #given = 0;
  #stopped = false;
  #direct: Direct | undefined;
  #broken: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  /**
   * Gives the next `size` bytes out; a chunk's memory is used again once the third one after it is asked for. To be called once. Rejects
   * with what {@link fail} was told, after the bytes that had come.
   */
  async *take(size: number, watch: ReadsWatch): AsyncGenerator<Uint8Array, void> {
    const { socket } = this;
    if (socket === undefined) throw new TypeError("Cannot take bytes: there is no socket");
    let left = size;
    while (left > 0) {
      const early: unknown = socket.read(); // what came with the head of the answer
      if (!(early instanceof Uint8Array)) break;
      const bytes = early.subarray(0, left);
      left -= bytes.byteLength;
      watch.moved(bytes.byteLength);
      yield bytes;
    }
    if (left === 0) return;
    this.#direct = { watch, left };
    watch.waiting();
    socket.resume(); // its stream may have been full
    try {
      for (let given = 0; given < left; ) {
        const bytes = await this.#next();
        given += bytes.byteLength;
        yield bytes;
      }
    } finally {
      this.#direct = undefined;
    }
  }

  /** Says that no more will come. */
  fail(error: unknown): void {
    this.#broken ??= { error };
    if (this.#fill > 0 && this.#direct !== undefined) this.#finishBuffer();
    this.#wake();
  }

  async #next(): Promise<Uint8Array> {
    const at = this.#given++;
    if (this.#stopped && this.#hasRoom) {
      this.#stopped = false;
      this.#direct?.watch.waiting();
      this.socket?.resume();
    }
    while (at === this.#filled) {
      if (this.#broken !== undefined) throw this.#broken.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#buffer(at).subarray(0, this.#sizes[at % BUFFERS]);
  }

  /** Whether the buffer that comes next is no reader's any more. */
  get #hasRoom(): boolean {
    return this.#filled < this.#given - READERS + BUFFERS;
  }

  #buffer(at: number): Uint8Array {
    return (this.#buffers[at % BUFFERS] ??= Buffer.allocUnsafeSlow(BUFFER));
  }

  #room(): Uint8Array {
    return this.#buffer(this.#filled).subarray(this.#fill);
  }

  /** False: no more for now. */
  #came(size: number): boolean {
    const direct = this.#direct;
    if (direct === undefined) return this.socket?.push(Buffer.from(this.#room().subarray(0, size))) ?? false;
    const wanted = Math.min(size, direct.left);
    this.#fill += wanted;
    direct.left -= wanted;
    direct.watch.moved(wanted);
    if (direct.left === 0 || BUFFER - this.#fill < LITTLE_ROOM) this.#finishBuffer();
    this.#stopped = direct.left === 0 || !this.#hasRoom;
    if (!this.#stopped) direct.watch.waiting();
    return !this.#stopped;
  }

  #finishBuffer(): void {
    this.#sizes[this.#filled % BUFFERS] = this.#fill;
    this.#filled++;
    this.#fill = 0;
    this.#wake();
  }
}
