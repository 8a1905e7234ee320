import {
  DriverError,
  type FileWriter,
  type OpenFile,
  type StorageDriver,
  StorageThrottledError,
  StorageUnavailableError,
} from "@berth/storage";

/** What goes wrong in a storage driver. */
export const STORAGE_FAULTS = ["EIO", "ENOSPC", "EMFILE", "throttled", "hang"] as const;

/** One of {@link STORAGE_FAULTS}. */
export type StorageFault = (typeof STORAGE_FAULTS)[number];

/** Which call of a driver fails. */
export interface FailurePlan {
  readonly fault: StorageFault;
  /** The n-th call, from 1, of whatever kind; also those of the writers and files that it opened. */
  readonly call: number;
  /** Whether the call is carried out before it fails, so that the caller knows less than the store. */
  readonly carriedOut: boolean;
}

/** A driver that fails once, as planned. */
export class FailingDriver {
  readonly driver: StorageDriver;
  /** Resolves when a call hangs. */
  readonly hung: Promise<void>;
  #plan: FailurePlan | undefined;
  #calls = 0;
  #failed: string | undefined;
  readonly #hang = Promise.withResolvers<void>();
  readonly #release = Promise.withResolvers<void>();

  constructor(driver: StorageDriver) {
    this.hung = this.#hang.promise;
    this.driver = this.#wrap(driver, "driver");
  }

  /** The call that failed; undefined when none did. */
  get failed(): string | undefined {
    return this.#failed;
  }

  /** Starts to count. */
  plan(plan: FailurePlan): void {
    this.#plan = plan;
    this.#calls = 0;
  }

  /** Lets every call succeed from now on, and the hanging one fail. */
  heal(): void {
    this.#plan = undefined;
    this.#release.resolve();
  }

  #wrap<T extends object>(target: T, what: string): T {
    return new Proxy(target, {
      get: (whole, key) => {
        const value: unknown = Reflect.get(whole, key);
        if (typeof value !== "function") return value;
        const method = (...parameters: unknown[]): unknown => Reflect.apply(value, whole, parameters);
        if (key === "walk") return method; // its folders and files are read one by one: no call to count
        return (...parameters: unknown[]) => this.#call(`${what}.${String(key)}`, () => method(...parameters));
      },
    });
  }

  async #call(name: string, carryOut: () => unknown): Promise<unknown> {
    this.#calls += 1;
    const plan = this.#plan;
    if (plan?.call !== this.#calls) return this.#wrapResult(name, await carryOut());
    this.#failed = name;
    if (plan.carriedOut) await carryOut();
    if (plan.fault === "hang") {
      this.#hang.resolve();
      await this.#release.promise;
    }
    throw storageError(plan.fault, name);
  }

  #wrapResult(name: string, result: unknown): unknown {
    if (name === "driver.writer" && isWriter(result)) return this.#wrap(result, "writer");
    if (name === "driver.open" && isFile(result)) return this.#wrap(result, "file");
    return result;
  }
}

function storageError(fault: StorageFault, name: string): Error {
  const fields = { driver: "failing", path: "/a/path/that/nobody/may/see", cause: new Error(`${fault} in ${name}`) };
  switch (fault) {
    case "EIO":
    case "hang":
      return new DriverError(`Cannot use path "${fields.path}": EIO`, fields);
    case "ENOSPC":
      return new StorageUnavailableError("no space left", fields);
    case "EMFILE":
      return new StorageUnavailableError("too many open files in this process", fields);
    case "throttled":
      return new StorageThrottledError({ ...fields, retryAfterMs: 1500 });
  }
}

function isWriter(value: unknown): value is FileWriter {
  return typeof value === "object" && value !== null && "commit" in value;
}

function isFile(value: unknown): value is OpenFile {
  return typeof value === "object" && value !== null && "read" in value;
}
