import type { Clock } from "@berth/client";
import { Slots } from "./slots.ts";

/** A host that was once asked too much. */
interface Host {
  readonly slots: Slots;
  /** When it may be asked again. */
  opensAt: number;
  /** Transfers that ended well since its limit last changed. */
  successes: number;
}

/** Above this a host has no limit any more. */
const FORGOTTEN = 64;

/**
 * Limits how much is asked of single hosts. None has a limit until it asks to slow down; then it gets half of what it had to bear, and
 * one more each time as many transfers as its limit went well.
 */
export class HostLimits {
  readonly #clock: Clock;
  readonly #hosts: Map<string, Host> = new Map();
  /** Transfers that run, by host. */
  readonly #active: Map<string, number> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Transfers to a host at a time; 0: no limit. */
  limitOf(host: string): number {
    return this.#hosts.get(host)?.slots.limit ?? 0;
  }

  /** Halves the limit of a host, unless it waits already, and asks nothing of it for `delayMs`. */
  slowDown(host: string, delayMs: number): void {
    const now = this.#clock.now();
    const active = Math.max(1, this.#active.get(host) ?? 1);
    const known = this.#hosts.get(host);
    if (known === undefined) {
      this.#hosts.set(host, { slots: new Slots(Math.max(1, Math.floor(active / 2))), opensAt: now + delayMs, successes: 0 });
      return;
    }
    if (now >= known.opensAt) {
      known.slots.limit = Math.max(1, Math.floor(Math.min(known.slots.limit, active) / 2));
      known.successes = 0;
    }
    known.opensAt = Math.max(known.opensAt, now + delayMs);
  }

  /** Waits until all hosts may be asked. @returns what ends it: call it with whether it went well. */
  async enter(hosts: readonly string[], signal: AbortSignal): Promise<(wentWell: boolean) => void> {
    const releases: (() => void)[] = [];
    const own = [...new Set(hosts)].toSorted(); // one order for all: two that need the same hosts never wait for each other
    try {
      for (const name of own) {
        const host = this.#hosts.get(name);
        if (host === undefined) continue;
        releases.push(await host.slots.take(1, signal));
        for (let wait = host.opensAt - this.#clock.now(); wait > 0; wait = host.opensAt - this.#clock.now()) {
          await this.#clock.sleep(wait, signal);
        }
      }
    } catch (error) {
      for (const release of releases) release();
      throw error;
    }
    for (const name of own) this.#active.set(name, (this.#active.get(name) ?? 0) + 1);
    return (wentWell) => {
      for (const release of releases) release();
      for (const name of own) this.#leave(name, wentWell);
    };
  }

  #leave(name: string, wentWell: boolean): void {
    const active = (this.#active.get(name) ?? 1) - 1;
    if (active > 0) this.#active.set(name, active);
    else this.#active.delete(name);
    const host = this.#hosts.get(name);
    if (host === undefined || !wentWell || ++host.successes < host.slots.limit) return;
    host.successes = 0;
    host.slots.limit++;
    if (host.slots.limit < FORGOTTEN) return;
    host.slots.limit = 0; // lets all go that wait
    this.#hosts.delete(name);
  }
}
