import { BerthError } from "@berth/oci";
import type { BaseOptions } from "./base.ts";
import type { StorageDriver } from "./driver.ts";
import { integerParameter, stringParameter, type DriverParameters } from "./parameters.ts";

/** Makes a driver from parameters of a config file. */
export type CreateDriver = (parameters: DriverParameters, options: BaseOptions) => StorageDriver | Promise<StorageDriver>;

/** No driver has the name that a config gives. */
export class InvalidStorageDriverError extends BerthError<"ERR_INVALID_STORAGE_DRIVER"> {
  /** The name that was asked for. */
  readonly driver: string;

  constructor(driver: string, known: readonly string[]) {
    super(
      "ERR_INVALID_STORAGE_DRIVER",
      `Cannot find storage driver "${driver}": known are ${known.map((name) => `"${name}"`).join(", ") || "none"}`,
    );
    this.driver = driver;
  }
}

/** Drivers by name. */
export interface DriverFactory {
  /** Names in the order they were registered. */
  readonly names: readonly string[];
  /** @throws {TypeError} when the name is taken. */
  register(name: string, create: CreateDriver): void;
  /** @throws {InvalidStorageDriverError} @throws {InvalidParameterError} */
  create(name: string, parameters?: DriverParameters, options?: BaseOptions): Promise<StorageDriver>;
}

/**
 * Starts with `drivers`, by name. A `create` may import its driver when it is called, so that unused ones cost nothing:
 *
 * ```ts
 * createDriverFactory({
 *   filesystem: async (parameters, options) => {
 *     const { createFilesystemDriver } = await import("@berth/storage/filesystem");
 *     return createFilesystemDriver({ rootDirectory: stringParameter(parameters, "rootdirectory", "/var/lib/registry"), ...options });
 *   },
 * });
 * ```
 */
export function createDriverFactory(drivers: Readonly<Record<string, CreateDriver>> = {}): DriverFactory {
  const creators = new Map(Object.entries(drivers));
  return {
    get names() {
      return [...creators.keys()];
    },
    register(name, create) {
      if (creators.has(name)) throw new TypeError(`Cannot register storage driver "${name}": the name is taken`);
      creators.set(name, create);
    },
    async create(name, parameters = {}, options = {}) {
      const create = creators.get(name);
      if (create === undefined) throw new InvalidStorageDriverError(name, [...creators.keys()]);
      return create(parameters, options);
    },
  };
}

/** The drivers of this package under the names and parameters of the reference registry: `filesystem` (`rootdirectory`, `maxthreads`) and `inmemory`. */
export const standardDrivers: Readonly<Record<string, CreateDriver>> = {
  async filesystem(parameters, options) {
    const { createFilesystemDriver } = await import("./filesystem/index.ts");
    return createFilesystemDriver({
      ...options,
      rootDirectory: stringParameter(parameters, "rootdirectory", "/var/lib/registry"),
      maxThreads: integerParameter(parameters, "maxthreads", { fallback: 100, min: 0 }),
    });
  },
  async inmemory(_parameters, options) {
    const { createMemoryDriver } = await import("./memory/index.ts");
    return createMemoryDriver(options);
  },
};
