export { TokenKeyError } from "./errors.ts";
export type { TokenAuthorizerOptions } from "./token-authorizer.ts";
export { createTokenAuthorizer } from "./token-authorizer.ts";
export type { TokenKeyFiles } from "./trusted-keys.ts";
