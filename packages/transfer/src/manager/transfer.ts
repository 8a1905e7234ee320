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
  /** Told how it stands, right away if that is known. */
  readonly onState?: (state: TransferState) => void;
}

/** One transfer that runs, and those who wait for it. */
export class Transfer {
  readonly #controller = new AbortController();
  readonly #watchers = new Set<(state: TransferState) => void>();
  readonly #result: Promise<TransferOutcome>;
  #state: TransferState | undefined;

  constructor(run: (signal: AbortSignal, report: (state: TransferState) => void) => Promise<TransferOutcome>) {
    this.#result = Promise.resolve().then(() => run(this.#controller.signal, (state) => this.#report(state)));
    this.#result.catch(() => undefined); // when everybody has left, nobody hears of it
  }

  /** True once everybody has left it: it only has to end. */
  get isAbandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Resolves when it is over, whatever came of it. */
  async over(): Promise<void> {
    await this.#result.catch(() => undefined);
  }

  /** Waits for the result, or until `signal` aborts. */
  async watch({ signal, onState }: WatchOptions): Promise<TransferOutcome> {
    signal?.throwIfAborted();
    const watcher = (state: TransferState): void => onState?.(state);
    this.#watchers.add(watcher);
    if (this.#state !== undefined) watcher(this.#state);
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      this.#watchers.delete(watcher);
      const reject = (): void => left.reject(signal?.reason);
      if (this.#watchers.size > 0) return reject();
      this.#controller.abort(signal?.reason);
      this.over().then(reject, reject); // nothing goes on behind the back of who leaves last
    };
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await (signal === undefined ? this.#result : Promise.race([this.#result, left.promise]));
    } finally {
      signal?.removeEventListener("abort", leave);
      this.#watchers.delete(watcher);
    }
  }

  #report(state: TransferState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}
