import type { Clock } from "@berth/client";
import type { Slots } from "./slots.ts";

/** Slots that a transfer takes, and how much of one. */
export interface Share {
  readonly slots: Slots;
  /** 1: a whole place. */
  readonly weight: number;
}

/** The places of one transfer that runs. */
export class Places {
  readonly #shares: readonly Share[];
  readonly #clock: Clock;
  #releases: (() => void)[] = [];
  /** Ends the lending; undefined: they are not lent. */
  #lending: AbortController | undefined;
  /** When lent places are taken back. */
  #until = 0;

  constructor(shares: readonly Share[], clock: Clock) {
    this.#shares = shares;
    this.#clock = clock;
  }

  /** True when {@link take} would not wait. */
  get haveRoom(): boolean {
    return this.#shares.every(({ slots, weight }) => slots.hasRoom(weight));
  }

  /** Takes all of them as soon as there is room. @throws the reason of `signal`. */
  async take(signal: AbortSignal): Promise<void> {
    for (const { slots, weight } of this.#shares) this.#releases.push(await slots.take(weight, signal));
  }

  /**
   * Leaves them to others for a time in which the transfer does nothing: then it has them again, also where that is more than there are. @returns
   * false when there is nothing to leave: they are given back, or lent already, and that for the longer of the two times.
   */
  lend(ms: number): boolean {
    const isLent = this.#lending !== undefined;
    if (!isLent && this.#releases.length === 0) return false;
    this.#until = Math.max(this.#until, this.#clock.now() + ms);
    if (isLent) return false;
    this.#lending = new AbortController();
    this.#giveBack();
    void this.#retake(this.#lending.signal);
    return true;
  }

  /** Gives them back for good. */
  release(): void {
    this.#lending?.abort();
    this.#lending = undefined;
    this.#giveBack();
  }

  async #retake(signal: AbortSignal): Promise<void> {
    try {
      for (let wait = this.#until - this.#clock.now(); wait > 0; wait = this.#until - this.#clock.now())
        await this.#clock.sleep(wait, signal);
    } catch {
      return; // the transfer is over
    }
    if (signal.aborted) return;
    this.#lending = undefined;
    for (const { slots, weight } of this.#shares) this.#releases.push(slots.takeAnyway(weight));
  }

  #giveBack(): void {
    for (const release of this.#releases.splice(0)) release();
  }
}
