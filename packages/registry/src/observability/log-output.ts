import { write, writeSync } from "node:fs";

/** Where lines go. */
export interface LogOutput {
  /** Takes whole lines, each with its newline; does not wait for the system. */
  write(line: string): void;
  /** Hands what is waiting to the system before it returns: the last thing to do before the process ends. */
  flush(): void;
}

/** Characters that wait for a slow reader, at most; further lines are dropped. */
const MAX_WAITING = 64 << 20;
/** Milliseconds before a reader that takes nothing more is asked again, and how long that goes on at the end. */
const RETRY_MS = 20;
const FLUSH_MS = 2000;

/**
 * Opens standard output (1) or standard error (2) for lines. Lines are gathered while a write is under way, so a
 * slow reader of the log does not slow requests down; at exit the rest is written.
 */
export function openLogOutput(descriptor: 1 | 2): LogOutput {
  return new DescriptorOutput(descriptor);
}

class DescriptorOutput implements LogOutput {
  readonly #descriptor: number;
  #lines: string[] = [];
  #waiting = 0;
  #isWriting = false;
  /** What a busy reader did not take. */
  #rest: Buffer = Buffer.alloc(0);
  /** Its reader went away: there is nobody left to tell. */
  #isGone = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(line: string): void {
    if (this.#isGone || this.#waiting + line.length > MAX_WAITING) return;
    this.#lines.push(line);
    this.#waiting += line.length;
    if (!this.#isWriting) this.#start();
  }

  flush(): void {
    const deadline = performance.now() + FLUSH_MS;
    for (let rest = this.#take(); rest.byteLength > 0 && !this.#isGone; ) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest));
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) this.#isGone = true;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }

  #take(): Buffer {
    const bytes = Buffer.concat([this.#rest, Buffer.from(this.#lines.join(""))]);
    this.#rest = Buffer.alloc(0);
    this.#lines = [];
    this.#waiting = 0;
    return bytes;
  }

  #start(): void {
    this.#isWriting = true;
    this.#send(this.#take());
  }

  #send(bytes: Buffer): void {
    write(this.#descriptor, bytes, (error, written) => {
      if (error !== null) return this.#failed(error, bytes);
      if (written < bytes.byteLength) return this.#send(bytes.subarray(written));
      this.#isWriting = false;
      if (this.#lines.length > 0) this.#start();
    });
  }

  /** A reader that is busy is asked again; lines for a full disk are lost, and later ones may not be. */
  #failed(error: NodeJS.ErrnoException, bytes: Buffer): void {
    if (isBusy(error)) {
      this.#rest = bytes;
      setTimeout(() => this.#start(), RETRY_MS).unref();
      return;
    }
    this.#isGone = error.code !== "ENOSPC";
    if (this.#isGone) this.#take();
    this.#isWriting = false;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EBUSY");
}
