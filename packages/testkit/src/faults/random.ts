/** Random numbers that a seed makes again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to but without `limit`. */
  int(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  /** One of the items; undefined when there are none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.int(items.length)];
  }

  /** So many bytes. */
  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (; at + 4 <= length; at += 4) bytes.writeUInt32LE(this.#next(), at);
    for (; at < length; at++) bytes[at] = this.#next() & 0xff;
    return bytes;
  }

  /** A generator of its own, so that what one part draws does not change what another gets. */
  fork(): Random {
    return new Random(this.#next());
  }

  /** @see "mulberry32", Tommy Ettinger */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

/** The seed of a test run: `BERTH_SEED`, else a new one. It is printed, so that a failure can be had again. */
export function chooseSeed(title: string): number {
  const seed = Number(process.env["BERTH_SEED"] ?? Date.now() % 2 ** 32) >>> 0;
  console.info(`${title}: BERTH_SEED=${seed}`);
  return seed;
}
