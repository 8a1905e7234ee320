export type { HtpasswdAuthenticator, HtpasswdOptions } from "./authenticator.ts";
export { createHtpasswdAuthenticator } from "./authenticator.ts";
export { HtpasswdError, LoginBusyError } from "./errors.ts";
