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

/** Somebody who may ask hosts. */
export interface HostVisit {
  /** Call right before they are asked. False when one of them has asked to slow down meanwhile: end it then, and enter again. */
  begin(): boolean;
  /** Calling it again does nothing. */
  end(wentWell: boolean): void;
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

  /** True when {@link enter} would wait. */
  mustWait(hosts: readonly string[]): boolean {
    const now = this.#clock.now();
    return hosts.some((name) => {
      const host = this.#hosts.get(name);
      return host !== undefined && (now < host.opensAt || !host.slots.hasRoom());
    });
  }

  /** Waits until all hosts may be asked. */
  async enter(hosts: readonly string[], signal: AbortSignal): Promise<HostVisit> {
    const own = [...new Set(hosts)].toSorted(); // one order for all: two that need the same hosts never wait for each other
    const entered = new Map<string, Host>();
    const releases: (() => void)[] = [];
    const leave = (): void => {
      for (const release of releases) release();
    };
    try {
      for (const name of own) await this.#untilOpen(name, signal); // before any place is taken: the other hosts may be asked meanwhile
      for (const name of own) {
        const host = this.#hosts.get(name);
        if (host === undefined) continue;
        releases.push(await host.slots.take(1, signal));
        entered.set(name, host);
      }
    } catch (error) {
      leave();
      throw error;
    }
    let hasBegun = false;
    return {
      begin: () => {
        if (!own.every((name) => this.#isOpenTo(name, entered.get(name)))) return false;
        for (const name of own) this.#active.set(name, (this.#active.get(name) ?? 0) + 1);
        return (hasBegun = true);
      },
      end: (wentWell) => {
        leave();
        if (hasBegun) for (const name of own) this.#leave(name, wentWell);
        hasBegun = false;
      },
    };
  }

  async #untilOpen(name: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const wait = (this.#hosts.get(name)?.opensAt ?? 0) - this.#clock.now();
      if (wait <= 0) return;
      await this.#clock.sleep(wait, signal);
    }
  }

  /** Whether a host may be asked now by who entered it as it was then. */
  #isOpenTo(name: string, entered: Host | undefined): boolean {
    const host = this.#hosts.get(name);
    return host === undefined || (host === entered && this.#clock.now() >= host.opensAt && host.slots.used <= host.slots.limit);
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
