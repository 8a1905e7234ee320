/** How a transfer ended well: bytes moved, another repository of the registry gave them, or they were there. */
export type TransferOutcome = "transferred" | "mounted" | "exists";

/** How a transfer stands. */
export type TransferState =
  /** For a slot, or for a host that asked to slow down. */
  | { readonly kind: "waiting" }
  /** `current` of `total` bytes are there. */
  | { readonly kind: "running"; readonly current: number; readonly total: number }
  /** It failed, and begins again after `delayMs`. `attempt` is the one that failed, from 1. */
  | { readonly kind: "retrying"; readonly attempt: number; readonly delayMs: number; readonly error: unknown };

/** Who waits for a transfer. */
export interface WatchOptions {
  /** Aborting leaves the transfer; it goes on for the others, and ends when nobody is left. */
  readonly signal?: AbortSignal;
  /** Told how it stands, right away if that is known. What it throws ends the waiting, not the transfer, while others wait for it. */
  readonly onState?: (state: TransferState) => void;
}

/** One transfer that runs, and those who wait for it. */
export class Transfer {
  readonly #controller = new AbortController();
  readonly #watchers = new Set<(state: TransferState) => void>();
  readonly #result: Promise<TransferOutcome>;
  #state: TransferState | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(run: (signal: AbortSignal, report: (state: TransferState) => void) => Promise<TransferOutcome>) {
    this.#result = Promise.resolve().then(() => run(this.#controller.signal, (state) => this.#report(state)));
    this.#result.catch((error: unknown) => (this.#failure = { error })); // when everybody has left, nobody hears of it
  }

  /** True once everybody has left it: it only has to end. */
  get isAbandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** True when it is the transfer that failed with that, not the watching. */
  failedWith(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error;
  }

  /** Resolves when it is over, whatever came of it. */
  async over(): Promise<void> {
    await this.#result.catch(() => undefined);
  }

  /** Waits for the result, until `signal` aborts, or until `onState` throws: then it rejects with that, and the transfer is left. */
  async watch({ signal, onState }: WatchOptions): Promise<TransferOutcome> {
    signal?.throwIfAborted();
    const left = Promise.withResolvers<never>();
    const leave = (reason: unknown): void => {
      this.#watchers.delete(watcher);
      const reject = (): void => left.reject(reason);
      if (this.#watchers.size > 0) return reject();
      this.#controller.abort(reason);
      this.over().then(reject, reject); // nothing goes on behind the back of who leaves last
    };
    const watcher = (state: TransferState): void => {
      try {
        onState?.(state);
      } catch (error) {
        leave(error);
      }
    };
    const onAbort = (): void => leave(signal?.reason);
    this.#watchers.add(watcher);
    if (this.#state !== undefined) watcher(this.#state);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([this.#result, left.promise]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#watchers.delete(watcher);
    }
  }

  #report(state: TransferState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}
