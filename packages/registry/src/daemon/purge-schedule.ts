import type { EmbeddedRegistry } from "../create-registry.ts";
import type { Logger } from "../observability/log.ts";

/** First run after a start, at most: replicas that start together should not all sweep at once. In milliseconds. */
const MAX_FIRST_DELAY_MS = 60 * 60_000;

/** Sweeps upload sessions that are over, now and then. */
export class PurgeSchedule {
  readonly #registry: EmbeddedRegistry;
  readonly #options: { readonly enabled: boolean; readonly intervalMs: number; readonly dryRun: boolean };
  readonly #log: Logger;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    registry: EmbeddedRegistry,
    options: { readonly enabled: boolean; readonly intervalMs: number; readonly dryRun: boolean },
    log: Logger,
  ) {
    this.#registry = registry;
    this.#options = options;
    this.#log = log;
    if (options.enabled) this.#schedule(Math.random() * Math.min(MAX_FIRST_DELAY_MS, options.intervalMs));
  }

  /** Ends the sweep that runs, and waits for its end. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#abort.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, delayMs).unref();
  }

  async #run(): Promise<void> {
    const { dryRun, intervalMs } = this.#options;
    try {
      const { expiredUploads, strayUploads } = await this.#registry.sweep({ dryRun, signal: this.#abort.signal });
      this.#log.info(dryRun ? "would purge upload sessions" : "purged upload sessions", {
        expired: expiredUploads,
        strayFiles: strayUploads.length,
      });
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#log.warn("cannot purge upload sessions, trying again later", { error });
    }
    this.#schedule(intervalMs);
  }
}
