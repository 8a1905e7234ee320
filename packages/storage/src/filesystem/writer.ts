import { DriverError } from "../errors.ts";
import type { CommitOptions, FileWriter } from "../driver.ts";
import { SLOT, type DirectWrites } from "./direct.ts";
import { FILESYSTEM } from "./errors.ts";
import type { File } from "./file.ts";

/** What the writer needs of the driver. */
export interface WriterSupport {
  /** Opens the file for writes past the page cache, where that is possible. */
  readonly openDirect: (file: File) => Promise<DirectWrites | undefined>;
  /** Makes the entry of the file durable. */
  readonly flushFolder: () => Promise<void>;
  /** Called when no more is written; perhaps twice. */
  readonly onEnd: () => void;
  /** Removes the file; one that is gone already is fine. */
  readonly remove: () => Promise<void>;
}

type State = "open" | "closed" | "committed" | "cancelled";

/** Writes straight to the path. */
export class FilesystemWriter implements FileWriter {
  readonly #file: File;
  readonly #support: WriterSupport;
  readonly #startSize: number;
  #size: number;
  #state: State = "open";
  #direct: DirectWrites | "untried" | undefined = "untried";

  constructor(file: File, size: number, support: WriterSupport) {
    this.#file = file;
    this.#startSize = size;
    this.#size = size;
    this.#support = support;
  }

  get size(): number {
    return this.#size;
  }

  async write(chunk: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.#expectOpen("write");
    // short writes are not worth a second descriptor
    if (this.#direct === "untried" && this.#size - this.#startSize + lengthOf(chunk) >= SLOT)
      this.#direct = await this.#support.openDirect(this.#file);
    const writes = this.#direct === "untried" || this.#direct === undefined ? this.#file : this.#direct;
    this.#size += await writes.write(chunk, this.#size);
  }

  async sync(): Promise<void> {
    this.#expectOpen("flush");
    if (typeof this.#direct === "object") await this.#direct.flush();
    await this.#file.fdatasync();
  }

  async close(): Promise<void> {
    this.#expectOpen("close");
    this.#state = "closed";
    await this.#flush();
  }

  async commit({ durable = true }: CommitOptions = {}): Promise<void> {
    this.#expectOpen("commit");
    // "closed" until all is durable, so that `cancel` still cleans up after a failure
    this.#state = "closed";
    if (durable) await Promise.all([this.#flush(), this.#support.flushFolder()]);
    else await this.#writeOut();
    this.#state = "committed";
  }

  async cancel(): Promise<void> {
    if (this.#state === "committed" || this.#state === "cancelled") return;
    this.#state = "cancelled";
    await this.#letGo();
    await this.#support.remove();
  }

  async #flush(): Promise<void> {
    await this.#writeOut(() => this.#file.fdatasync());
  }

  /** Hands all bytes to the system and lets go. */
  async #writeOut(then?: () => Promise<void>): Promise<void> {
    try {
      if (typeof this.#direct === "object") await this.#direct.flush();
      await then?.();
    } finally {
      await this.#letGo();
    }
  }

  async #letGo(): Promise<void> {
    this.#support.onEnd();
    try {
      if (typeof this.#direct === "object") await this.#direct.close();
    } finally {
      await this.#file.close();
    }
  }

  #expectOpen(verb: string): void {
    if (this.#state === "open") return;
    const { path } = this.#file;
    throw new DriverError(`Cannot ${verb} path "${path}": the writer is ${this.#state}`, { driver: FILESYSTEM, path });
  }
}

function lengthOf(chunk: Uint8Array | readonly Uint8Array[]): number {
  return chunk instanceof Uint8Array ? chunk.byteLength : chunk.reduce((sum, part) => sum + part.byteLength, 0);
}
