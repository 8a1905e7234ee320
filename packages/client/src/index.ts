export type { Credential, CredentialSource, CredentialStore, CredentialTarget } from "./credentials/credential.ts";
export { isAnonymous } from "./credentials/credential.ts";
export type { RequestFailure, ResponseFailure } from "./errors.ts";
export {
  AuthError,
  NetworkError,
  ProtocolError,
  RateLimitedError,
  RequestError,
  ResponseError,
  UnreplayableBodyError,
  hasErrorCode,
  isDenied,
  isNotFound,
  isRateLimited,
  isUnauthorized,
} from "./errors.ts";
export type { PlainHttp } from "./remote/address.ts";
export { mayBePlainHttp } from "./remote/address.ts";
export type { Connection, ConnectionRequest } from "./remote/connection.ts";
export type { ConnectionOptions } from "./remote/create-connection.ts";
export { createConnection } from "./remote/create-connection.ts";
export type { ReferrersOperation } from "./remote/referrers/errors.ts";
export { ReferrersCapabilityError, ReferrersError } from "./remote/referrers/errors.ts";
export type {
  ListReferrersOptions,
  PushedManifest,
  Referrers,
  ReferrersCapability,
  ReferrersSettings,
} from "./remote/referrers/referrers.ts";
export type { RegistryWarning, WarningHandler } from "./remote/warnings.ts";
export { onceEach } from "./remote/warnings.ts";
export type { Content, RequestBody } from "./transport/body.ts";
export { requestBody } from "./transport/body.ts";
export type {
  RequestHeaders,
  ResponseHeaders,
  Transport,
  TransportLayer,
  TransportRequest,
  TransportResponse,
} from "./transport/transport.ts";
export { composeTransport, headerValue } from "./transport/transport.ts";
