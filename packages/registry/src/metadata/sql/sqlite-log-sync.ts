import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes commits durable without making the event loop wait for the disk: SQLite commits to its write-ahead log without a flush
 * (`synchronous = NORMAL`), and the log is flushed here, by a thread of the pool, before anybody hears of the commit. Commits that come
 * while a flush is under way share the next one.
 *
 * That is as good as `synchronous = FULL`: a checkpoint flushes the log before it moves pages and the database after, so a commit is in a
 * flushed log or in a flushed database. The log stays the same file as long as our connection is open.
 */
export class SqliteLogSync {
  readonly #path: string;
  #log: FileHandle | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** @param path Of the database; the log lies beside it. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when all that was committed before the call is durable. Call it after the first commit. */
  flush(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  /** Waits for flushes under way and lets go of the file. */
  async close(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => undefined); // whoever asked for it hears of it
    await this.#log?.close();
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#flushNow().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #flushNow(): Promise<void> {
    this.#log ??= await this.#open();
    await this.#log.datasync();
  }

  /** The log was made by the first commit: its name must survive too. */
  async #open(): Promise<FileHandle> {
    const log = await open(`${this.#path}-wal`, "r");
    const folder = await open(dirname(this.#path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return log;
  }
}
