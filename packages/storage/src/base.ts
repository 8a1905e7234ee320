import type { Readable } from "node:stream";
import { BerthError } from "@berth/oci";
import type {
  DriverCallOptions,
  FileInfo,
  FileWriter,
  OpenFile,
  ReaderOptions,
  RedirectRequest,
  StorageDriver,
  WalkOptions,
  WriterOptions,
} from "./driver.ts";
import { DriverError, InvalidOffsetError, InvalidPathError } from "./errors.ts";
import { isStoragePath } from "./path.ts";
import { Regulator } from "./regulator.ts";

/** Driver calls as metrics name them: those of the reference registry, and ours. */
export type DriverAction =
  | "GetContent"
  | "PutContent"
  | "Reader"
  | "Writer"
  | "Stat"
  | "List"
  | "Move"
  | "Copy"
  | "Delete"
  | "RedirectURL"
  | "Walk"
  | "Open"
  | "RemoveLeftovers";

/** Is told of each driver call when it ends. `outcome` is `ok` or the code of the error, such as `ERR_PATH_NOT_FOUND`. */
export type OnAction = (action: DriverAction, seconds: number, outcome: string) => void;

/** Options of {@link withBase}. */
export interface BaseOptions {
  /** Calls at the same time; the others wait. Default: no bound. Below 25 it is raised to 25. Open streams and writers, and walks, do not count. */
  readonly maxThreads?: number;
  /** Default: nobody is told. Must not throw. */
  readonly onAction?: OnAction;
}

const VERBS: Readonly<Record<DriverAction, string>> = {
  GetContent: "read",
  PutContent: "write",
  Reader: "read",
  Writer: "write",
  Stat: "look at",
  List: "list",
  Move: "move",
  Copy: "copy",
  Delete: "delete",
  RedirectURL: "make an address for",
  Walk: "walk",
  Open: "open",
  RemoveLeftovers: "remove leftovers at",
};

/**
 * Wraps a driver so that it holds storage logic only: checks paths and offsets, bounds and times the calls, turns unknown errors into
 * {@link DriverError}s that name the driver, and ends calls and streams whose signal aborts. Bytes do not pass through it.
 */
export function withBase(driver: StorageDriver, options: BaseOptions = {}): StorageDriver {
  return new BaseDriver(driver, options);
}

class BaseDriver implements StorageDriver {
  readonly name: string;
  readonly open?: (path: string, options?: DriverCallOptions) => Promise<OpenFile>;
  readonly removeLeftovers?: (olderThan: Date, options?: DriverCallOptions) => Promise<number>;
  readonly #driver: StorageDriver;
  readonly #regulator: Regulator | undefined;
  readonly #onAction: OnAction | undefined;

  constructor(driver: StorageDriver, options: BaseOptions) {
    this.name = driver.name;
    this.#driver = driver;
    this.#regulator = options.maxThreads === undefined ? undefined : new Regulator(options.maxThreads);
    this.#onAction = options.onAction;
    const { open, removeLeftovers } = driver;
    if (open !== undefined) {
      this.open = (path, callOptions) => this.#run("Open", path, callOptions?.signal, () => open.call(driver, path, callOptions));
    }
    if (removeLeftovers !== undefined) {
      this.removeLeftovers = (olderThan, callOptions) =>
        this.#run("RemoveLeftovers", "/", callOptions?.signal, () => removeLeftovers.call(driver, olderThan, callOptions));
    }
  }

  getContent(path: string, options?: DriverCallOptions): Promise<Buffer> {
    return this.#run("GetContent", path, options?.signal, () => this.#driver.getContent(path, options));
  }

  putContent(path: string, content: Uint8Array, options?: DriverCallOptions): Promise<void> {
    return this.#run("PutContent", path, options?.signal, () => this.#driver.putContent(path, content, options));
  }

  reader(path: string, options: ReaderOptions = {}): Promise<Readable> {
    return this.#run("Reader", path, options.signal, async () => {
      this.#checkOffset(path, options.offset);
      if (options.length !== undefined && !isCount(options.length))
        throw new InvalidOffsetError({ driver: this.name, path, offset: options.length });
      const stream = await this.#driver.reader(path, options);
      if (options.signal !== undefined) destroyOnAbort(stream, options.signal);
      return stream;
    });
  }

  writer(path: string, options: WriterOptions = {}): Promise<FileWriter> {
    return this.#run("Writer", path, options.signal, () => {
      if (options.keep !== "all") this.#checkOffset(path, options.keep);
      return this.#driver.writer(path, options);
    });
  }

  stat(path: string, options?: DriverCallOptions): Promise<FileInfo> {
    return this.#run("Stat", path, options?.signal, () => this.#driver.stat(path, options));
  }

  list(path: string, options?: DriverCallOptions): Promise<string[]> {
    return this.#run("List", path, options?.signal, () => this.#driver.list(path, options));
  }

  move(source: string, destination: string, options?: DriverCallOptions): Promise<void> {
    return this.#run("Move", source, options?.signal, () => {
      this.#checkPath(destination);
      return this.#driver.move(source, destination, options);
    });
  }

  copy(source: string, destination: string, options?: DriverCallOptions): Promise<void> {
    return this.#run("Copy", source, options?.signal, () => {
      this.#checkPath(destination);
      return this.#driver.copy(source, destination, options);
    });
  }

  delete(path: string, options?: DriverCallOptions): Promise<void> {
    return this.#run("Delete", path, options?.signal, () => this.#driver.delete(path, options));
  }

  redirectUrl(path: string, request: RedirectRequest, options?: DriverCallOptions): Promise<string | undefined> {
    return this.#run("RedirectURL", path, options?.signal, () => this.#driver.redirectUrl(path, request, options));
  }

  async *walk(path: string, options: WalkOptions = {}): AsyncGenerator<FileInfo> {
    // no place at the regulator: who walks calls the driver in between, and could wait for itself
    const started = performance.now();
    let outcome = "ok";
    try {
      if (path !== "/") this.#checkPath(path);
      options.signal?.throwIfAborted();
      for await (const info of this.#driver.walk(path, options)) {
        yield info;
        options.signal?.throwIfAborted();
      }
    } catch (error) {
      const stamped = this.#stamp(error, "Walk", path, options.signal);
      outcome = codeOf(stamped);
      throw stamped;
    } finally {
      this.#onAction?.("Walk", (performance.now() - started) / 1000, outcome);
    }
  }

  async close(): Promise<void> {
    await this.#driver.close?.();
  }

  async #run<T>(action: DriverAction, path: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    const regulator = this.#regulator;
    const onAction = this.#onAction;
    // before the wait for a place: what counts for the operator is how long storage took, waiting included
    const started = onAction === undefined ? 0 : performance.now();
    let outcome = "ok";
    try {
      if (!(path === "/" && TAKES_ROOT.has(action))) this.#checkPath(path);
      signal?.throwIfAborted();
      if (regulator === undefined) return await call();
      if (!regulator.tryEnter()) await regulator.enter(signal);
      try {
        return await call();
      } finally {
        regulator.leave();
      }
    } catch (error) {
      const stamped = this.#stamp(error, action, path, signal);
      outcome = codeOf(stamped);
      throw stamped;
    } finally {
      onAction?.(action, (performance.now() - started) / 1000, outcome);
    }
  }

  #checkPath(path: string): void {
    if (!isStoragePath(path)) throw new InvalidPathError({ driver: this.name, path });
  }

  #checkOffset(path: string, offset = 0): void {
    if (!isCount(offset)) throw new InvalidOffsetError({ driver: this.name, path, offset });
  }

  #stamp(error: unknown, action: DriverAction, path: string, signal: AbortSignal | undefined): unknown {
    if (BerthError.is(error)) return error;
    if (signal?.aborted === true && error === signal.reason) return error;
    return new DriverError(`Cannot ${VERBS[action]} path "${path}"`, { driver: this.name, path, cause: error });
  }
}

const TAKES_ROOT: ReadonlySet<DriverAction> = new Set(["Stat", "List", "RemoveLeftovers"]);

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function codeOf(error: unknown): string {
  return BerthError.is(error) ? error.code : "ERR_ABORTED";
}

function destroyOnAbort(stream: Readable, signal: AbortSignal): void {
  const abort = () => stream.destroy(signal.reason instanceof Error ? signal.reason : new Error("Aborted", { cause: signal.reason }));
  if (signal.aborted) return void abort();
  signal.addEventListener("abort", abort, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", abort));
}
