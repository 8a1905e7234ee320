export type { TokenAnswer, TokenMisbehaviour } from "./misbehaviour.ts";
export { HUGE_BYTES, TOKEN_MISBEHAVIOURS } from "./misbehaviour.ts";
export type { KeyPair, SigningKey } from "./signing-key.ts";
export { createSigningKey } from "./signing-key.ts";
export type { Grant, TokenRequest } from "./token-request.ts";
export type { GrantRule, TokenServerOptions } from "./token-server.ts";
export { grantAllToUsers, startTokenServer, TokenServer } from "./token-server.ts";
