import type { TransferEvent } from "@berth/transfer";

/** What has happened to one piece of content so far. */
export type ItemState = TransferEvent;

/** Sums over all pieces. */
export interface TransferTotals {
  /** Pieces that are over. */
  readonly done: number;
  /** Pieces that are known of. */
  readonly count: number;
  /** Pieces that are over and did not arrive. */
  readonly failed: number;
  /** Bytes that are there. */
  readonly current: number;
  /** Bytes of all pieces that are known of. */
  readonly total: number;
  /** Bytes that went over; what an earlier run had left is not among them. */
  readonly moved: number;
  /** Bytes a second, lately. */
  readonly rate: number;
  /** Seconds that are left, when that can be told. */
  readonly etaSeconds: number | undefined;
}

/** Milliseconds that the rate is an average of. */
const WINDOW_MS = 5000;
/** Actions that bring nothing: what was there already took no time. */
const NOT_MOVED: ReadonlySet<string> = new Set(["exists", "mounted", "skipped"]);
/** Actions that are about a name rather than bytes. */
const NAMING: ReadonlySet<string> = new Set(["tagged"]);

/** Follows the events of an operation. Memory: one event for each piece. */
export class TransferState {
  readonly #items = new Map<string, ItemState>();
  readonly #samples: { readonly at: number; readonly moved: number }[] = [];
  #moved = 0;

  /** @param now milliseconds, from a clock that never goes back. */
  take(event: TransferEvent, now: number): void {
    if (this.#samples.length === 0) this.#samples.push({ at: now, moved: 0 }); // what the first event brings counts, too
    this.#moved += event.moved ?? 0;
    this.#items.set(event.id, event);
    if (now - (this.#samples.at(-1)?.at ?? now) >= WINDOW_MS / 50) this.#samples.push({ at: now, moved: this.#moved });
    while ((this.#samples[1]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
  }

  /** In the order in which they were first heard of. */
  items(): Iterable<ItemState> {
    return this.#items.values();
  }

  /** The sums at a time, in milliseconds of the same clock. */
  totals(now: number): TransferTotals {
    let [done, failed, current, total, count] = [0, 0, 0, 0, 0];
    for (const item of this.#items.values()) {
      if (NAMING.has(item.action)) continue;
      count++;
      if (item.last) done++;
      if (item.action === "failed") failed++;
      if (NOT_MOVED.has(item.action)) continue;
      current += item.current;
      total += Math.max(item.total, item.current);
    }
    const first = this.#samples[0];
    const seconds = first === undefined ? 0 : (now - first.at) / 1000;
    const rate = seconds < 0.2 || first === undefined ? 0 : (this.#moved - first.moved) / seconds;
    return {
      done,
      count,
      failed,
      current,
      total,
      moved: this.#moved,
      rate,
      etaSeconds: rate > 0 && total > current ? (total - current) / rate : undefined,
    };
  }
}
