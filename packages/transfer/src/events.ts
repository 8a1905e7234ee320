import { type Digest, digestEncoded } from "@berth/oci";
import type { ErrorClass } from "./error-classes.ts";

/** What happens to one piece of content. */
export type TransferAction =
  | "waiting"
  | "downloading"
  | "uploading"
  | "copying"
  | "retrying"
  | "verifying"
  | "compressing"
  | "done"
  | "exists"
  | "mounted"
  | "skipped"
  | "tagged"
  | "failed";

/** One step of an operation. */
export interface TransferEvent {
  /** What it is about: the first 12 characters of the digest, or a tag. */
  readonly id: string;
  readonly action: TransferAction;
  /** Bytes that are there; never goes back, save after `retrying`. */
  readonly current: number;
  /** Bytes in all; 0: unknown. */
  readonly total: number;
  /**
   * Bytes that went over since the event before it about this id; default 0. All of them together are what was moved: less than what is there
   * where an earlier run had left a part, more where something was sent again.
   */
  readonly moved?: number;
  /**
   * Nothing more comes about this id, unless it `failed` and the operation goes on all the same: the next endpoint is asked for it, or another
   * tag wants it too.
   */
  readonly last: boolean;
  /** In words: what failed, where it was mounted from, how long is waited. */
  readonly message?: string;
  /** Of `failed`: what the failure means. */
  readonly class?: ErrorClass;
  /** Of `failed`: the code of the registry, else ours, as `classifyError` tells it. */
  readonly code?: string;
  /** Whatever else is known: the whole digest, the media type, the delay. */
  readonly aux?: Readonly<Record<string, string | number | boolean>>;
}

/** The id of events about content. */
export function eventId(digest: Digest): string {
  return digestEncoded(digest).slice(0, 12);
}

/** Takes events, and hands them to as many watchers as there are. */
export interface TransferEvents {
  /** Never waits, whatever watchers do. After {@link end} it does nothing. */
  emit(event: TransferEvent): void;
  /** Says that nothing more comes: watchers end when they have read what they missed. */
  end(): void;
  /**
   * Watches from now on; what was last said about each id comes first. A watcher that is slow misses steps in between: it gets the latest
   * event of an id, and always the last one. No moved byte is missed by that.
   */
  watch(): AsyncIterableIterator<TransferEvent>;
}

/** Bytes that progress has to make to be worth an event; or a hundredth, if that is less. */
const STEP = 524_288;

/** Makes a place that events go through. Memory: one event for each id. */
export function createTransferEvents(): TransferEvents {
  return new LossyEvents();
}

class LossyEvents implements TransferEvents {
  /** What was last said about each id, with all that was moved for it. */
  readonly #latest: Map<string, TransferEvent> = new Map();
  /** Moved bytes that were not worth an event yet, by id. */
  readonly #owed: Map<string, number> = new Map();
  readonly #watchers = new Set<Watcher>();
  #isOver = false;

  emit(event: TransferEvent): void {
    if (this.#isOver) return;
    const before = this.#latest.get(event.id);
    const moved = (event.moved ?? 0) + (this.#owed.get(event.id) ?? 0);
    if (before !== undefined && !isNews(event, before) && !(event.last && moved > 0)) {
      if (moved > 0) this.#owed.set(event.id, moved);
      return;
    }
    this.#owed.delete(event.id);
    this.#latest.set(event.id, withMoved(event, moved + (before?.moved ?? 0)));
    const told = withMoved(event, moved);
    for (const watcher of this.#watchers) watcher.take(told);
  }

  end(): void {
    this.#isOver = true;
    for (const watcher of this.#watchers) watcher.end();
  }

  watch(): AsyncIterableIterator<TransferEvent> {
    const watcher = new Watcher(this.#latest, () => this.#watchers.delete(watcher));
    this.#watchers.add(watcher);
    if (this.#isOver) watcher.end();
    return watcher;
  }
}

function withMoved(event: TransferEvent, moved: number): TransferEvent {
  return moved === (event.moved ?? 0) ? event : { ...event, moved };
}

/** Progress that is too little, or goes back, is no news; every other change is. */
function isNews(event: TransferEvent, before: TransferEvent): boolean {
  if (event.action !== before.action || event.last !== before.last || event.message !== before.message) return true;
  const step = event.current - before.current;
  if (step <= 0) return false;
  return step >= Math.min(STEP, event.total / 100) || event.current === event.total;
}

/** One who watches: holds one event of each id at most. */
class Watcher implements AsyncIterableIterator<TransferEvent> {
  readonly #pending: Map<string, TransferEvent>;
  readonly #onReturn: () => void;
  #waiting: ((result: IteratorResult<TransferEvent, undefined>) => void)[] = [];
  #isOver = false;

  constructor(latest: ReadonlyMap<string, TransferEvent>, onReturn: () => void) {
    this.#pending = new Map(latest);
    this.#onReturn = onReturn;
  }

  take(event: TransferEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined)
      this.#pending.set(event.id, withMoved(event, (event.moved ?? 0) + (this.#pending.get(event.id)?.moved ?? 0)));
    else waiting({ done: false, value: event });
  }

  end(): void {
    this.#isOver = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
  }

  async next(): Promise<IteratorResult<TransferEvent, undefined>> {
    const [first] = this.#pending.values();
    if (first !== undefined) {
      this.#pending.delete(first.id);
      return { done: false, value: first };
    }
    if (this.#isOver) return { done: true, value: undefined };
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return(): Promise<IteratorResult<TransferEvent, undefined>> {
    this.#pending.clear();
    this.#onReturn();
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
