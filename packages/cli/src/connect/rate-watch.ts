import type { ClientHooks, RateLimit } from "@berth/client";

/** A registry asked to slow down, and requests to it wait. */
export interface RateWait {
  /** Host, with its port if it has one. */
  readonly registry: string;
  /** Milliseconds until the next request. */
  readonly delayMs: number;
  /** Of the answer that said it. */
  readonly status: number;
}

/** What a registry said last about how much may still be asked of it. */
export interface KnownRateLimit extends RateLimit {
  /** Host, with its port if it has one. */
  readonly registry: string;
}

/** Follows what registries say about how much may be asked of them while a command runs. */
export class RateWatch {
  readonly #limits = new Map<string, RateLimit>();
  readonly #until = new Map<string, number>();
  readonly #onWait: (wait: RateWait) => void;
  readonly #now: () => number;
  /** Told of every answer that asks to slow down, also while that is waited for. */
  onSlowdown: ((registry: string, delayMs: number) => void) | undefined;

  /** @param now milliseconds, from a clock that never goes back. */
  constructor(onWait: (wait: RateWait) => void, now: () => number = () => performance.now()) {
    this.#onWait = onWait;
    this.#now = now;
  }

  /** Limits by registry, of those that told. */
  get limits(): readonly KnownRateLimit[] {
    return [...this.#limits].map(([registry, limit]) => ({ registry, ...limit }));
  }

  /** What a connection to a registry is to tell. */
  hooksFor(registry: string): ClientHooks {
    return {
      onResponse: ({ url, rateLimit }) => {
        // token servers and stores of blobs have limits of their own
        if (rateLimit !== undefined && URL.parse(url)?.pathname.includes("/v2/") === true) this.#limits.set(registry, rateLimit);
      },
      onSlowdown: ({ delayMs, status }) => this.#wait({ registry, delayMs, status }),
    };
  }

  /** Of many requests that are refused at once the first is told. */
  #wait(wait: RateWait): void {
    this.onSlowdown?.(wait.registry, wait.delayMs);
    const now = this.#now();
    if (now < (this.#until.get(wait.registry) ?? 0)) return;
    this.#until.set(wait.registry, now + wait.delayMs);
    this.#onWait(wait);
  }
}

/** A wait in words. */
export function waitText({ registry, delayMs, status }: RateWait): string {
  const seconds = delayMs < 950 ? `${Math.round(delayMs / 100) / 10}` : `${Math.round(delayMs / 1000)}`;
  return `${registry} asks to slow down (${status}): goes on in ${seconds} s`;
}
