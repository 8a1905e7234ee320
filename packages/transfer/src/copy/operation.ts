import { type Descriptor, type Digest, type Fetcher, LimitExceededError, type Pusher } from "@berth/oci";
import type { TransferOutcome } from "../manager/transfer.ts";
import { createTransferManager, type TransferContext, type TransferDirection, type TransferManager } from "../manager/transfer-manager.ts";
import { numberFromZero } from "../number-from-zero.ts";
import { isOrdered, manifestsOf, remoteOf } from "./abilities.ts";
import type { CopyOptions } from "./options.ts";
import { accessId, blobsId, storeId } from "./store-id.ts";
import { CopyTally, failureOf, type Teller } from "./tally.ts";

/** Bytes of a manifest, at most, unless told otherwise. */
export const MAX_METADATA_BYTES = 4_194_304;

const MAX_NODES = 100_000;
/** Blobs on their way between two places that need no network. */
const LOCAL_BLOBS = 4;

/** One copy from its beginning to its end: where from and to, what was moved already, what came of it. */
export class CopyOperation {
  readonly source: Fetcher;
  readonly destination: Pusher;
  readonly options: CopyOptions;
  readonly manager: TransferManager;
  /** Aborts when the caller does, and when any part of the copy fails. */
  readonly signal: AbortSignal;
  /** True when the destination is not reached over the network: what it has is looked up at no cost. */
  readonly isIntoLocal: boolean;
  /** Slots that a transfer takes. */
  readonly directions: readonly TransferDirection[];
  /** Registries that a transfer asks. */
  readonly hosts: readonly string[];
  readonly tally: CopyTally;
  readonly #failed = new AbortController();
  readonly #parent: CopyOperation | undefined;
  /** By digest; blobs apart from manifests where the destination keeps them apart. */
  readonly #moved: Map<string, Promise<void>>;
  /** Bytes of manifests that were read though nobody who knows had told them. */
  readonly #measured: Map<Digest, number>;
  /** Where content comes from and goes to, with whose rights: what fails this way may go well another way. */
  readonly #way: string;

  /** @param parent see {@link part}. @throws {RangeError} on a limit that is negative or no number. */
  constructor(source: Fetcher, destination: Pusher, options: CopyOptions, parent?: CopyOperation) {
    this.#parent = parent;
    this.#moved = parent === undefined ? new Map<string, Promise<void>>() : parent.#moved;
    this.#measured = parent === undefined ? new Map<Digest, number>() : parent.#measured;
    for (const name of ["concurrency", "maxMetadataBytes", "maxNodes", "maxDepth"] as const) numberFromZero(name, options[name], 0);
    this.source = source;
    this.destination = destination;
    this.options = options;
    this.manager = parent?.manager ?? options.manager ?? createTransferManager();
    const above = parent?.signal ?? options.signal;
    this.signal = above === undefined ? this.#failed.signal : AbortSignal.any([above, this.#failed.signal]);
    const [from, to] = [remoteOf(source), remoteOf(destination)];
    this.isIntoLocal = to === undefined;
    this.directions = [...(from ? (["download"] as const) : []), ...(to ? (["upload"] as const) : [])];
    this.hosts = [...new Set([from, to].flatMap((remote) => (remote === undefined ? [] : [remote.registry])))];
    this.#way = `${accessId(source)} ${accessId(destination)}`;
    const action = from === undefined ? (to === undefined ? "copying" : "uploading") : to === undefined ? "downloading" : "copying";
    this.tally = parent?.tally ?? new CopyTally(options, action);
  }

  /**
   * Whether a manifest is looked into even where the destination has it: something below or beside it may be missing. A registry took no
   * image without its blobs, but perhaps an index without its images.
   */
  looksInto({ isIndex }: { readonly isIndex: boolean }): boolean {
    const { recheck, digestTags, referrers, platforms = [], selectChildren } = this.options;
    if (this.isIntoLocal || recheck === true) return true;
    const isWanted = digestTags === true || (referrers ?? false) !== false || platforms.length > 0 || selectChildren !== undefined;
    return isIndex && isWanted;
  }

  /** Runs the copy; when a part of it fails, the rest is stopped, and that part's error is the copy's. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.options.signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      this.fail(error);
      throw this.#failed.signal.reason;
    }
  }

  /** The whole that this is a part of, or this. */
  get whole(): CopyOperation {
    return this.#parent ?? this;
  }

  /** A part that fails alone: what it shares with the others is moved once, and what it could not move another one may. */
  part(): CopyOperation {
    return new CopyOperation(this.source, this.destination, this.options, this);
  }

  /** Stops everything. Only the first error counts: the others are what it led to. */
  fail(error: unknown): void {
    const above = this.#parent?.signal ?? this.options.signal;
    if (!this.#failed.signal.aborted) this.#failed.abort(above?.aborted ? above.reason : error);
  }

  /** Moves content once, however often it is met. What is a manifest here and a blob there is both to a registry. */
  async once(target: Descriptor, isManifest: boolean, move: () => Promise<void>): Promise<void> {
    const key = isManifest || manifestsOf(this.destination) === undefined ? target.digest : `blob ${target.digest}`;
    for (let before = this.#moved.get(key); before !== undefined; before = this.#moved.get(key)) {
      try {
        return await before;
      } catch (error) {
        this.signal.throwIfAborted();
        if (this.#moved.get(key) === before) throw error;
      }
    }
    const limit = this.options.maxNodes ?? MAX_NODES;
    if (this.#moved.size >= limit) throw new LimitExceededError({ what: `graph of more than ${limit} nodes`, limit });
    const moving = move();
    this.#moved.set(key, moving);
    try {
      await moving;
    } catch (error) {
      if (this.#parent !== undefined) this.#moved.delete(key); // it may have failed for what only this part does
      throw error;
    }
  }

  /** True when it was moved, or is being moved, as a manifest at least. */
  hasMet(digest: Digest): boolean {
    return this.#moved.has(digest);
  }

  /** Notes the size of a manifest as it came: a registry that told of it may have told another one. */
  measure({ digest, size }: Descriptor): void {
    this.#measured.set(digest, size);
  }

  /** The same with the size that came, where it was measured. */
  asRead<Told extends Pick<Descriptor, "digest" | "size">>(told: Told): Told {
    const size = this.#measured.get(told.digest);
    return size === undefined || size === told.size ? told : { ...told, size };
  }

  /** How many blobs of one manifest are handed to the manager at a time: all, where it limits them. */
  get blobsAtATime(): number {
    return this.directions.length === 0 ? LOCAL_BLOBS : Number.POSITIVE_INFINITY;
  }

  /**
   * Blobs in the order in which they are asked for: the largest first, so that none of those is left for the end, and the connection that is
   * there goes to what takes longest. Where the destination keeps their order they stay as they are.
   */
  inOrder(blobs: readonly Descriptor[]): readonly Descriptor[] {
    return isOrdered(this.destination) ? blobs : blobs.toSorted((one, other) => other.size - one.size);
  }

  /**
   * How many manifests, or tags, are worked on at a time: one after the other where the destination keeps their order. 0: no limit.
   *
   * @throws {RangeError} on a number of the options that is negative or none.
   */
  atATime(option: "concurrency" | "tagConcurrency", fallback: number): number {
    const options: { readonly concurrency?: number; readonly tagConcurrency?: number } = this.options;
    const wanted = Math.ceil(numberFromZero(option, options[option], fallback)) || Number.POSITIVE_INFINITY;
    return isOrdered(this.destination) ? 1 : wanted;
  }

  /** All of them, so many at a time; waits for every one to end, so that nothing goes on behind the caller's back. */
  async all(tasks: readonly (() => Promise<void>)[], concurrency: number): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) {
        this.signal.throwIfAborted();
        try {
          await task();
        } catch (error) {
          this.fail(error);
          throw error;
        }
      }
    };
    const results = await Promise.allSettled(Array.from({ length: Math.min(concurrency, tasks.length) }, worker));
    if (results.some(({ status }) => status === "rejected")) throw this.#failed.signal.reason ?? this.signal.reason;
  }

  /**
   * Moves content through the manager, and tells of it.
   *
   * @param kind what comes of it besides the content; the same is done once.
   * @returns whether it came over.
   */
  async transfer(target: Descriptor, kind: string, run: (report: Report) => Promise<TransferOutcome>): Promise<boolean> {
    const { tally } = this;
    let hasRun = false; // else somebody else moves the same thing, and counts it
    let [owed, current] = [0, 0];
    const moved = (bytes: number): void => {
      owed += bytes;
      tally.moved(bytes);
    };
    const tell: Teller = (action, event = {}) => {
      current = event.current ?? (action === "retrying" ? 0 : current);
      tally.tell(target, action, { ...event, current, ...(owed > 0 && { moved: owed }) });
      owed = 0;
    };
    const job = {
      key: `${kind === "blob" ? blobsId(this.destination) : storeId(this.destination)} ${kind} ${target.digest}`,
      way: this.#way,
      directions: this.directions,
      hosts: this.hosts,
      size: target.size,
      run: async (context: TransferContext) => {
        hasRun = true;
        return await run({ ...context, moved });
      },
    };
    let outcome: TransferOutcome;
    try {
      outcome = await this.manager.transfer(job, { signal: this.signal, onState: (state) => tally.tellState(target, state, tell) });
    } catch (error) {
      if (!this.signal.aborted) tell("failed", { last: true, ...failureOf(error) });
      throw error;
    }
    const isNew = outcome === "mounted" || (outcome === "transferred" && hasRun);
    if (kind !== "blob" && tally.isCounted(target)) return isNew;
    if (outcome === "exists") tally.existing(target);
    else if (outcome === "mounted") tally.mounted(target);
    else {
      if (hasRun && kind !== "blob") moved(target.size);
      tally.copied(target, hasRun, tell);
    }
    return isNew;
  }
}

/** What a transfer is given. */
export interface Report extends Omit<TransferContext, "attempt"> {
  /** Counts bytes that went over. */
  readonly moved: (bytes: number) => void;
}
