export { versionOfFile } from "../archive/file-version.ts";
export { InvalidLocationError, type InvalidLocationErrorOptions, LOCATION_FORMS } from "./errors.ts";
export type { FileLocation, Location, RegistryLocation } from "./location.ts";
export { formatLocation, isSameRegistry, namesWithin, parseLocation, referenceWithin } from "./location.ts";
export type {
  ConnectRepository,
  OpenDestinationOptions,
  OpenedDestination,
  OpenedSource,
  OpenedStore,
  OpenOptions,
  OpenSourceOptions,
} from "./open.ts";
export { openDestination, openSource, openStore } from "./open.ts";
export { tagsWithin } from "./tags-within.ts";
