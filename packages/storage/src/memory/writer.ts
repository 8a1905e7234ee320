import type { FileWriter } from "../driver.ts";
import { DriverError } from "../errors.ts";

/** Where a writer keeps its bytes. */
export interface WriterStore {
  /** Name of the driver, for errors. */
  readonly driver: string;
  readonly path: string;
  /** Keeps them for the next writer of the path. */
  readonly keep: (chunks: readonly Buffer[]) => void;
  /** Puts the content at the path. */
  readonly commit: (content: Buffer) => void;
  /** Forgets what was kept. */
  readonly drop: () => void;
}

/** Gathers bytes that nobody sees at the path before `commit`. */
export class MemoryWriter implements FileWriter {
  readonly #store: WriterStore;
  #chunks: Buffer[];
  #size: number;
  #state: "open" | "closed" | "committed" | "cancelled" = "open";

  constructor(store: WriterStore, chunks: readonly Buffer[]) {
    this.#store = store;
    this.#chunks = [...chunks];
    this.#size = sizeOf(chunks);
  }

  get size(): number {
    return this.#size;
  }

  async write(chunk: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.#expectOpen("write");
    for (const part of chunk instanceof Uint8Array ? [chunk] : chunk) {
      // a copy: the caller may reuse the bytes
      this.#chunks.push(Buffer.from(part));
      this.#size += part.byteLength;
    }
  }

  async sync(): Promise<void> {
    this.#expectOpen("flush");
    this.#store.keep(this.#chunks.slice());
  }

  async close(): Promise<void> {
    this.#expectOpen("close");
    this.#state = "closed";
    this.#store.keep(this.#chunks);
    this.#chunks = [];
  }

  async commit(): Promise<void> {
    this.#expectOpen("commit");
    this.#state = "closed";
    this.#store.commit(Buffer.concat(this.#chunks));
    this.#chunks = [];
    this.#state = "committed";
  }

  async cancel(): Promise<void> {
    if (this.#state === "committed" || this.#state === "cancelled") return;
    this.#state = "cancelled";
    this.#chunks = [];
    this.#store.drop();
  }

  #expectOpen(verb: string): void {
    if (this.#state === "open") return;
    const { driver, path } = this.#store;
    throw new DriverError(`Cannot ${verb} path "${path}": the writer is ${this.#state}`, { driver, path });
  }
}

/** The first `bytes` of chunks. */
export function firstBytes(chunks: readonly Buffer[], bytes: number): Buffer[] {
  const kept: Buffer[] = [];
  let missing = bytes;
  for (const chunk of chunks) {
    if (missing === 0) break;
    kept.push(chunk.subarray(0, missing));
    missing -= Math.min(missing, chunk.byteLength);
  }
  return kept;
}

/** Bytes in chunks. */
export function sizeOf(chunks: readonly Buffer[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.byteLength;
  return size;
}
