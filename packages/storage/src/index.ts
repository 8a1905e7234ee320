export type { DriverCallOptions, FileInfo, FileWriter, OpenFile, ReaderOptions, RedirectRequest, StorageDriver, WalkOptions, WriterOptions } from "./driver.ts";
export type { DriverErrorFields } from "./errors.ts";
export { DriverError, InvalidOffsetError, InvalidPathError, PathNotFoundError, StorageThrottledError, StorageUnavailableError, UnsupportedOperationError } from "./errors.ts";
