import { DriverError } from "../errors.ts";
import type { FileWriter } from "../driver.ts";
import { FILESYSTEM } from "./errors.ts";
import type { File } from "./file.ts";

/** What the writer needs of the driver when it ends. */
export interface WriterEnd {
  /** Makes the entry of the file durable. */
  readonly flushFolder: () => Promise<void>;
  /** Removes the file; one that is gone already is fine. */
  readonly remove: () => Promise<void>;
}

type State = "open" | "closed" | "committed" | "cancelled";

/** Writes straight to the path. */
export class FilesystemWriter implements FileWriter {
  readonly #file: File;
  readonly #end: WriterEnd;
  #size: number;
  #state: State = "open";

  constructor(file: File, size: number, end: WriterEnd) {
    this.#file = file;
    this.#size = size;
    this.#end = end;
  }

  get size(): number {
    return this.#size;
  }

  async write(chunk: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.#expectOpen("write");
    this.#size += await this.#file.write(chunk, this.#size);
  }

  async sync(): Promise<void> {
    this.#expectOpen("flush");
    await this.#file.fdatasync();
  }

  async close(): Promise<void> {
    this.#expectOpen("close");
    this.#state = "closed";
    await this.#flush();
  }

  async commit(): Promise<void> {
    this.#expectOpen("commit");
    // "closed" until all is durable, so that `cancel` still cleans up after a failure
    this.#state = "closed";
    await Promise.all([this.#flush(), this.#end.flushFolder()]);
    this.#state = "committed";
  }

  async cancel(): Promise<void> {
    if (this.#state === "committed" || this.#state === "cancelled") return;
    this.#state = "cancelled";
    await this.#file.close();
    await this.#end.remove();
  }

  async #flush(): Promise<void> {
    try {
      await this.#file.fdatasync();
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
