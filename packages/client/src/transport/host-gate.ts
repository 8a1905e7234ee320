import type { Clock } from "./clock.ts";

/** Times that one request finds the gate closed again before it goes ahead all the same. */
const MAX_ROUNDS = 10;
/** Share of a wait by which it is lengthened at random, so that those who waited together do not start together. */
const SPREAD = 0.1;

/** Holds back all requests to a host that asked to slow down: one that is told to wait makes the others wait too. */
export class HostGate {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** When each host may be asked again. */
  readonly #opensAt: Map<string, number> = new Map();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Lets nobody pass to `host` for that many milliseconds. */
  close(host: string, ms: number): void {
    const now = this.#clock.now();
    for (const [other, at] of this.#opensAt) if (at <= now) this.#opensAt.delete(other);
    this.#opensAt.set(host, Math.max(now + ms, this.#opensAt.get(host) ?? 0));
  }

  /** Resolves when the host may be asked. */
  async pass(host: string, signal: AbortSignal | undefined): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const wait = (this.#opensAt.get(host) ?? 0) - this.#clock.now();
      if (wait <= 0) return;
      await this.#clock.sleep(Math.ceil(wait * (1 + SPREAD * this.#random())), signal);
    }
  }
}
