export type { ErrorHint, HintKind } from "./error-hints.ts";
export type { ErrorClass, ErrorClassification } from "./errors.ts";
export { EngineError, classifyError, toEngineError } from "./errors.ts";
export { AmbiguousLocationError, InvalidLocationError, LOCATION_FORMS } from "./location/errors.ts";
export type { FileLocation, Location, RegistryLocation } from "./location/location.ts";
export { formatLocation, isSameRegistry, parseLocation, referenceWithin } from "./location/location.ts";
export type { ConnectRepository, OpenedDestination, OpenedSource, OpenedStore, OpenOptions } from "./location/open.ts";
export { openDestination, openSource, openStore } from "./location/open.ts";
export { VERSION } from "./version.ts";
