export { type BaseOptions, type DriverAction, type OnAction, withBase } from "./base.ts";
export type {
  CommitOptions,
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
export type { DriverErrorFields } from "./errors.ts";
export {
  DriverError,
  InvalidOffsetError,
  InvalidPathError,
  PathNotFoundError,
  StorageThrottledError,
  StorageUnavailableError,
  UnsupportedOperationError,
} from "./errors.ts";
export { isStoragePath } from "./path.ts";
export { MIN_CONCURRENT_CALLS, Regulator } from "./regulator.ts";
export { type FolderEntry, type FolderSource, walkTree } from "./walk.ts";
export { createDriverFactory, type CreateDriver, type DriverFactory, InvalidStorageDriverError, standardDrivers } from "./factory.ts";
export {
  booleanParameter,
  type DriverParameters,
  integerParameter,
  type IntegerParameterOptions,
  InvalidParameterError,
  stringParameter,
} from "./parameters.ts";
