export type { HtpasswdAuthenticator, HtpasswdOptions } from "./authenticator.ts";
export { createHtpasswdAuthenticator } from "./authenticator.ts";
export { formatHtpasswdEntry } from "./entry.ts";
export { HtpasswdError, LoginBusyError } from "./errors.ts";
