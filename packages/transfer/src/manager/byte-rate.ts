import type { Clock } from "@berth/client";

/** Lets only so many bytes a second pass, counted over all who share it. */
export class ByteRate {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  /** When everything that was let pass is paid for. Milliseconds. */
  #paidAt = 0;

  /** @throws {RangeError} */
  constructor(bytesPerSecond: number, clock: Clock) {
    if (!(bytesPerSecond > 0)) throw new RangeError(`Cannot use ${bytesPerSecond} bytes a second: expected more than 0`);
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  /** Waits for as long as those bytes, and those before them, take. */
  async pass(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    this.#paidAt = Math.max(now, this.#paidAt) + (bytes * 1000) / this.#bytesPerSecond;
    const wait = this.#paidAt - now;
    if (wait >= 1) await this.#clock.sleep(wait, signal);
  }
}
