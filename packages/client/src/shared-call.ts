/** One piece of work that several callers wait for. It is aborted when none of them is left. */
export class SharedCall<T> {
  readonly #abort = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;

  constructor(start: (signal: AbortSignal) => Promise<T>) {
    this.#result = start(this.#abort.signal);
    this.#result.catch(() => {}); // those who wait hear of it; when all have left nobody needs to
  }

  /** Resolves when the work is over, however it ended. */
  get settled(): Promise<unknown> {
    return Promise.allSettled([this.#result]);
  }

  /** True once every caller has left: whoever comes now needs a new call. */
  get isAbandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Waits for the result; rejects with the reason of `signal` when that comes first. */
  async join(signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting++;
    if (signal === undefined) return await this.#result;
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      this.#waiting--;
      if (this.#waiting === 0) this.#abort.abort(signal.reason);
      left.reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([this.#result, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}
