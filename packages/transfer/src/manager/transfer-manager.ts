import { unlessAborted } from "@berth/oci/node";
import { type Backoff, type Clock, createBackoff, systemClock } from "@berth/client";
import { numberFromZero } from "../number-from-zero.ts";
import { ByteRate } from "./byte-rate.ts";
import { TransferFailedError } from "./errors.ts";
import { HostLimits, type HostVisit } from "./host-limits.ts";
import { isRetryable, sendsOf, slowdownOf, slowedHosts } from "./retryable.ts";
import { Places } from "./places.ts";
import { checkLimit, Slots } from "./slots.ts";
import { Transfer, type TransferOutcome, type TransferState, type WatchOptions } from "./transfer.ts";

/** Which way bytes go over the network. */
export type TransferDirection = "download" | "upload";

/** Options of {@link createTransferManager}. */
export interface TransferManagerOptions {
  /** Downloads at a time; 0: no limit. Default 3; see `smallBytes`. */
  readonly downloads?: number;
  /** Uploads at a time; 0: no limit. Default 5; see `smallBytes`. */
  readonly uploads?: number;
  /**
   * Content up to this size takes an eighth of a place: round trips cost more than bytes there. Default 1 MiB, and 0 (every transfer takes
   * a whole place) for a direction whose number was given.
   */
  readonly smallBytes?: number;
  /**
   * How often a transfer is tried; default 5. What the client sent again by itself counts too: a request that failed five times there is not
   * tried five times more.
   */
  readonly attempts?: number;
  /** Default: at random up to 1 s, twice as long each time, up to 30 s. What a registry asks for with `Retry-After` goes before it. */
  readonly backoff?: Backoff;
  /** Milliseconds that a registry may ask us to wait: when it asks for more, its refusal is the error at once. Default a minute. */
  readonly maxRetryAfterMs?: number;
  /** Which errors may pass; default {@link isRetryable}. */
  readonly shouldRetry?: (error: unknown) => boolean;
  /** Bytes a second, over all transfers; default no limit. */
  readonly bytesPerSecond?: number;
  /** Default the system's. */
  readonly clock?: Clock;
  /** Numbers from 0 to below 1; default `Math.random`. */
  readonly random?: () => number;
}

/** What a job is given. */
export interface TransferContext {
  /** Aborted when nobody waits for the transfer any more. */
  readonly signal: AbortSignal;
  /** Counts from 1. */
  readonly attempt: number;
  /** Says how many bytes are there. */
  report(current: number, total: number): void;
  /** Undefined, or waits until that many bytes may pass. */
  readonly pass: ((bytes: number) => Promise<void>) | undefined;
  /** Gives the slots back before the end: what is left to do needs no network. */
  release(): void;
}

/** Something to transfer. */
export interface TransferJob {
  /** What it makes: a job whose key is already running is not run, its caller waits for the other one. */
  readonly key: string;
  /** How it makes that: when the job of another way fails, this one is run after all. Default: all ways are the same. */
  readonly way?: string;
  /** Slots that it takes. */
  readonly directions: readonly TransferDirection[];
  /** Registries that it asks. */
  readonly hosts?: readonly string[];
  /** Bytes; undefined: unknown, and taken for many. */
  readonly size?: number;
  /** Called for each attempt. What it throws ends the transfer, unless it may pass. */
  run(context: TransferContext): Promise<TransferOutcome>;
}

/** Numbers of places. */
export interface TransferLimits {
  /** 0: no limit. */
  readonly downloads: number;
  /** 0: no limit. */
  readonly uploads: number;
}

/** Runs transfers: the same one once, not too many at a time, again when they fail. May be shared by all that a process does. */
export interface TransferManager {
  /**
   * Runs a job, or waits for the one with the same key. When that goes another way and fails, its failure is told as one more try, and
   * this job is run. Aborting `signal` only leaves; the job is aborted when the last one has left.
   *
   * @throws {TransferFailedError} when it failed as often as it may. @throws what the job throws when that does not pass.
   */
  transfer(job: TransferJob, options?: WatchOptions): Promise<TransferOutcome>;
  readonly limits: TransferLimits;
  /**
   * Takes effect at once; transfers that run go on. A number given here counts whole places, however small the content is.
   *
   * @throws {RangeError} on a number that is none: nothing is changed then.
   */
  setLimits(limits: Partial<TransferLimits>): void;
  /**
   * Tells of a registry that asked to slow down, where that is dealt with below: what comes next to it waits, and less runs at a time. What
   * runs to it is taken to wait, too: others have its places meanwhile.
   */
  slowDown(host: string, delayMs: number): void;
  /** Transfers to a registry at a time, once it asked to slow down; 0: no limit. */
  hostLimit(host: string): number;
}

const MAX_RETRY_AFTER_MS = 60_000;
const SMALL_BYTES = 1_048_576;
/** Where an answer takes 25 ms, 24 blobs of 200 kB at a time go over twice as fast as 12, and four times as fast as 3. */
const SMALL_WEIGHT = 0.125;

/** Full jitter: clients that failed together do not come back together. */
const defaultBackoff: Backoff = createBackoff({ initialMs: 1000, factor: 2, jitter: [-1, 0], maxMs: 30_000 });

/** Makes a transfer manager. @throws {RangeError} on a number that is none. */
export function createTransferManager(options: TransferManagerOptions = {}): TransferManager {
  return new Manager(options);
}

interface RunningJob {
  readonly transfer: Transfer;
  readonly way: string | undefined;
}

/** A transfer that holds places. */
interface Visitor {
  readonly hosts: readonly string[];
  readonly places: Places;
  readonly report: (state: TransferState) => void;
}

interface Lane {
  readonly slots: Slots;
  smallBytes: number;
}

class Manager implements TransferManager {
  readonly #running: Map<string, RunningJob> = new Map();
  readonly #lanes: Readonly<Record<TransferDirection, Lane>>;
  readonly #attempts: number;
  readonly #backoff: Backoff;
  readonly #maxRetryAfterMs: number;
  readonly #shouldRetry: (error: unknown) => boolean;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #hosts: HostLimits;
  readonly #visitors: Set<Visitor> = new Set();
  readonly #rate: ByteRate | undefined;

  constructor(options: TransferManagerOptions) {
    const { downloads, uploads, smallBytes, attempts = 5, clock = systemClock, bytesPerSecond } = options;
    if (!Number.isSafeInteger(attempts) || attempts < 1)
      throw new RangeError(`Cannot try ${attempts} times: expected a whole number from 1`);
    const small = (fallback: number): number => numberFromZero("smallBytes", smallBytes, fallback);
    const lane = (limit: number | undefined, fallback: number): Lane => ({
      slots: new Slots(limit ?? fallback),
      smallBytes: small(limit === undefined ? SMALL_BYTES : 0),
    });
    this.#lanes = { download: lane(downloads, 3), upload: lane(uploads, 5) };
    this.#attempts = attempts;
    this.#backoff = options.backoff ?? defaultBackoff;
    this.#maxRetryAfterMs = numberFromZero("maxRetryAfterMs", options.maxRetryAfterMs, MAX_RETRY_AFTER_MS);
    this.#shouldRetry = options.shouldRetry ?? isRetryable;
    this.#clock = clock;
    this.#random = options.random ?? Math.random;
    this.#hosts = new HostLimits(clock);
    this.#rate = bytesPerSecond === undefined ? undefined : new ByteRate(bytesPerSecond, clock);
  }

  get limits(): TransferLimits {
    return { downloads: this.#lanes.download.slots.limit, uploads: this.#lanes.upload.slots.limit };
  }

  setLimits({ downloads, uploads }: Partial<TransferLimits>): void {
    for (const limit of [downloads, uploads]) if (limit !== undefined) checkLimit(limit); // before any of them is changed
    for (const [lane, limit] of [[this.#lanes.download, downloads] as const, [this.#lanes.upload, uploads] as const]) {
      if (limit === undefined) continue;
      lane.slots.limit = limit;
      lane.smallBytes = 0;
    }
  }

  slowDown(host: string, delayMs: number): void {
    this.#hosts.slowDown(host, delayMs);
    for (const { hosts, places, report } of this.#visitors) if (hosts.includes(host) && places.lend(delayMs)) report({ kind: "waiting" });
  }

  hostLimit(host: string): number {
    return this.#hosts.limitOf(host);
  }

  async transfer(job: TransferJob, options: WatchOptions = {}): Promise<TransferOutcome> {
    for (;;) {
      options.signal?.throwIfAborted();
      const running = this.#running.get(job.key);
      if (running === undefined) return await this.#start(job).watch(options);
      const { transfer, way } = running;
      if (transfer.isAbandoned) {
        await unlessAborted(transfer.over(), options.signal);
        continue;
      }
      try {
        return await transfer.watch(options);
      } catch (error) {
        if (way === job.way || options.signal?.aborted || !transfer.failedWith(error)) throw error;
        options.onState?.({ kind: "retrying", attempt: 1, delayMs: 0, error });
      }
    }
  }

  #start(job: TransferJob): Transfer {
    const transfer = new Transfer(async (signal, report) => {
      try {
        return await this.#run(job, signal, report);
      } finally {
        this.#running.delete(job.key);
      }
    });
    this.#running.set(job.key, { transfer, way: job.way });
    return transfer;
  }

  async #run(job: TransferJob, signal: AbortSignal, report: (state: TransferState) => void): Promise<TransferOutcome> {
    const errors: unknown[] = [];
    let sends = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#try(job, attempt, signal, report);
      } catch (error) {
        signal.throwIfAborted();
        errors.push(error);
        sends += sendsOf(error);
        const delayMs = this.#delayAfter(error, attempt, job.hosts ?? []);
        if (delayMs === undefined || !this.#shouldRetry(error)) throw error;
        if (sends >= this.#attempts) throw attempt === 1 ? error : new TransferFailedError(errors);
        report({ kind: "retrying", attempt, delayMs, error });
        await this.#clock.sleep(delayMs, signal);
      }
    }
  }

  async #try(job: TransferJob, attempt: number, signal: AbortSignal, report: (state: TransferState) => void): Promise<TransferOutcome> {
    const hosts = job.hosts ?? [];
    let wentWell = false;
    let visit: HostVisit | undefined;
    let visitor: Visitor | undefined;
    try {
      do {
        visit?.end(false);
        visitor?.places.release();
        if (this.#hosts.mustWait(hosts)) report({ kind: "waiting" });
        visit = await this.#hosts.enter(hosts, signal); // before the places: who waits for a host keeps nobody from asking another one
        const places = this.#placesOf(job);
        visitor = { hosts, places, report };
        if (!places.haveRoom) report({ kind: "waiting" });
        await places.take(signal);
      } while (!visit.begin());
      this.#visitors.add(visitor);
      const { places } = visitor;
      const rate = this.#rate;
      const result = await job.run({
        signal,
        attempt,
        report: (current, total) => report({ kind: "running", current, total }),
        pass: rate && (async (bytes) => await rate.pass(bytes, signal)),
        release: () => places.release(),
      });
      wentWell = true;
      return result;
    } finally {
      if (visitor !== undefined) this.#visitors.delete(visitor);
      visit?.end(wentWell);
      visitor?.places.release();
    }
  }

  #placesOf({ directions, size = Number.POSITIVE_INFINITY }: TransferJob): Places {
    const shares = directions.map((direction) => {
      const { slots, smallBytes } = this.#lanes[direction];
      return { slots, weight: size <= smallBytes ? SMALL_WEIGHT : 1 };
    });
    return new Places(shares, this.#clock);
  }

  /** How long to wait after an error; tells the limits of the hosts. Undefined: longer than there is patience. */
  #delayAfter(error: unknown, attempt: number, hosts: readonly string[]): number | undefined {
    const own = this.#backoff(attempt, this.#random);
    const slowdown = slowdownOf(error);
    if (slowdown === undefined) return own;
    const delayMs = slowdown.retryAfterMs ?? own;
    if (delayMs > this.#maxRetryAfterMs) return undefined;
    for (const host of slowedHosts(slowdown, hosts)) this.#hosts.slowDown(host, delayMs);
    return delayMs;
  }
}
