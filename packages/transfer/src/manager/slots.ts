interface Waiting {
  readonly weight: number;
  readonly enter: () => void;
}

/** Lets only so many work at a time; who waits goes in the order of coming. */
export class Slots {
  #limit: number;
  #used = 0;
  #queue: Waiting[] = [];

  /** @param limit 0: no limit. @throws {RangeError} */
  constructor(limit: number) {
    this.#limit = checkLimit(limit);
  }

  /** 0: no limit. */
  get limit(): number {
    return this.#limit;
  }

  /** Takes effect at once for those that wait; those that work go on. */
  set limit(limit: number) {
    this.#limit = checkLimit(limit);
    this.#admit();
  }

  /** How much is in use, by weight. */
  get used(): number {
    return this.#used;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** True when one more of that weight would not wait. */
  hasRoom(weight: number = 1): boolean {
    return this.#queue.length === 0 && this.#fits(weight);
  }

  /**
   * Takes a place, or `weight` of one, as soon as there is room. @returns what gives it back; calling it again does nothing.
   *
   * @throws the reason of `signal`.
   */
  async take(weight: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (!this.hasRoom(weight)) await this.#wait(weight, signal);
    else this.#used += weight;
    return this.#leaver(weight);
  }

  /** Takes a place where there is room or not, for somebody who had it before. @returns what {@link take} does. */
  takeAnyway(weight: number): () => void {
    this.#used += weight;
    return this.#leaver(weight);
  }

  #leaver(weight: number): () => void {
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#used -= weight;
      if (this.#used < 1e-9) this.#used = 0; // thirds do not add up
      this.#admit();
    };
  }

  #fits(weight: number): boolean {
    return this.#limit === 0 || this.#used === 0 || this.#used + weight <= this.#limit + 1e-9;
  }

  async #wait(weight: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { weight, enter: resolve };
    const leave = (): void => {
      this.#queue = this.#queue.filter((one) => one !== waiting);
      reject(signal.reason);
      this.#admit();
    };
    this.#queue.push(waiting);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #admit(): void {
    for (let first = this.#queue[0]; first !== undefined && this.#fits(first.weight); first = this.#queue[0]) {
      this.#queue.shift();
      this.#used += first.weight;
      first.enter();
    }
  }
}

/** The limit, when it is one. @throws {RangeError} */
export function checkLimit(limit: number): number {
  if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError(`Cannot use limit ${limit}: expected a whole number from 0`);
  return limit;
}
