export { authLayer } from "./auth/auth-layer.ts";
export type { AuthOptions, TokenEvent } from "./auth/auth-options.ts";
export { formatBasic } from "./auth/basic-credential.ts";
export type { BasicLayerOptions } from "./auth/basic-layer.ts";
export { basicLayer } from "./auth/basic-layer.ts";
export { bearerLayer } from "./auth/bearer-layer.ts";
export type { ExchangeTokenOptions, TokenGrant } from "./auth/exchange-token.ts";
export { exchangeToken } from "./auth/exchange-token.ts";
export type { KnownBearer, KnownChallenge } from "./auth/known-challenge.ts";
export type { PingRegistryOptions, RegistryChallenge } from "./auth/ping-registry.ts";
export { pingRegistry } from "./auth/ping-registry.ts";
export type { RealmRules } from "./auth/realm.ts";
export type { PlainHttp } from "./auth/registry-address.ts";
export { mayBePlainHttp } from "./auth/registry-address.ts";
export type { RegistryTransportOptions } from "./auth/registry-transport.ts";
export { createRegistryTransport, transportFromToken } from "./auth/registry-transport.ts";
export type { ScopeHints } from "./auth/scope-hints.ts";
export { NO_SCOPE_HINTS, appendRepositoryScope, appendScopes, scopesFor, withScopes } from "./auth/scope-hints.ts";
export { CATALOG, CATALOG_SCOPE, DELETE_SCOPE, PULL_SCOPE, PUSH_SCOPE, repositoryScope } from "./auth/scopes.ts";
export type { Token, TokenLife } from "./auth/token.ts";
export type { CachedToken, TokenCache, TokenCacheOptions } from "./auth/token-cache.ts";
export { createTokenCache } from "./auth/token-cache.ts";
export type { AuthEntry } from "./credentials/auth-entry.ts";
export { decodeAuthEntry, encodeAuthEntry } from "./credentials/auth-entry.ts";
export { createFallbackStore, firstCredentials, storeCredentials } from "./credentials/combine-credentials.ts";
export type { Credential, CredentialSource, CredentialStore, CredentialTarget } from "./credentials/credential.ts";
export { isAnonymous } from "./credentials/credential.ts";
export type { DefaultCredentialsOptions } from "./credentials/default-credentials.ts";
export { defaultCredentials } from "./credentials/default-credentials.ts";
export { detectDefaultHelper } from "./credentials/default-helper.ts";
export type { CredentialWarningHandler, DockerConfigStore, DockerConfigStoreOptions } from "./credentials/docker-config-store.ts";
export { createDockerConfigStore, createFileStore } from "./credentials/docker-config-store.ts";
export type { CredentialEnvironment } from "./credentials/environment.ts";
export type { CredentialFilePlace, CredentialHelperAction } from "./credentials/errors.ts";
export { CredentialFileError, CredentialHelperError, InvalidCredentialError, PlaintextPutError } from "./credentials/errors.ts";
export { githubCredentials } from "./credentials/github-credentials.ts";
export type { HelperCredentialsOptions } from "./credentials/helper-credentials.ts";
export { helperCredentials } from "./credentials/helper-credentials.ts";
export type { CredentialHelperTrace } from "./credentials/helper-process.ts";
export type { HelperStore, HelperStoreOptions } from "./credentials/helper-store.ts";
export { createHelperStore } from "./credentials/helper-store.ts";
export type { KubernetesPullSecret } from "./credentials/kubernetes-credentials.ts";
export { kubernetesCredentials } from "./credentials/kubernetes-credentials.ts";
export type { LoginOptions } from "./credentials/login.ts";
export { login, logout } from "./credentials/login.ts";
export type { MemoryStore, MemoryStoreOptions } from "./credentials/memory-store.ts";
export { createMemoryStore } from "./credentials/memory-store.ts";
export type { RefreshingCredentialsOptions } from "./credentials/refreshing-credentials.ts";
export { refreshingCredentials } from "./credentials/refreshing-credentials.ts";
export { DOCKER_HUB_ADDRESS, serverAddress } from "./credentials/server-address.ts";
export type { Proof } from "./credentials/static-credentials.ts";
export { staticCredentials } from "./credentials/static-credentials.ts";
export type { RequestFailure, ResponseFailure } from "./errors.ts";
export {
  AuthError,
  NetworkError,
  PlatformNotFoundError,
  ProtocolError,
  RateLimitedError,
  RequestError,
  ResponseError,
  UnreplayableBodyError,
  hasErrorCode,
  isDenied,
  isLookRefused,
  isNotFound,
  isRateLimited,
  isUnauthorized,
} from "./errors.ts";
export type { UnaskedUrl } from "./remote/foreign-urls.ts";
export { unaskedUrls } from "./remote/foreign-urls.ts";
export type { FetchBlobOptions } from "./remote/blob-fetch.ts";
export type { DownloadProgress } from "./remote/download.ts";
export type { SaveBlobOptions } from "./remote/save-blob.ts";
export { SaveError } from "./remote/save-error.ts";
export type { ByteReadable } from "./transport/byte-readable.ts";
export type { BlobHandle } from "./remote/blob-handle.ts";
export type { RemoteBlobStore } from "./remote/blob-store.ts";
export type { RemoteOptions, SharedConnection } from "./remote/connect.ts";
export type { PassingBlob } from "./remote/fetch-passing.ts";
export type { RegistryOptions, RemoteRegistry, RemoteRegistryOptions } from "./remote/create-registry.ts";
export { createRemoteRegistry } from "./remote/create-registry.ts";
export type { RemoteRepositoryOptions } from "./remote/create-repository.ts";
export { createRemoteRepository } from "./remote/create-repository.ts";
export type { ImageNameOptions } from "./remote/image-name.ts";
export { parseImageName } from "./remote/image-name.ts";
export type { FetchedConfig, FetchedImage } from "./remote/image-content.ts";
export type { ManifestStat } from "./remote/manifest-descriptor.ts";
export type { FetchedReference, RemoteManifestStore } from "./remote/manifest-store.ts";
export type { FetchBytesOptions, PlatformOptions, RemoteRepository } from "./remote/remote-repository.ts";
export type { RepositoryOptions } from "./remote/repository-options.ts";
export { DEFAULT_MANIFEST_MEDIA_TYPES } from "./remote/repository-options.ts";
export type { UploadBlobOptions } from "./registry-client/blob-upload.ts";
export {
  connectInsecureRegistry,
  connectRegistry,
  createRegistryClient,
  openRegistryClient,
} from "./registry-client/create-registry-client.ts";
export type { SchemaTwoOptions } from "./registry-client/manifest-reads.ts";
export type { RegistryClientOptions, StorableOptions } from "./registry-client/options.ts";
export { parseRegistryClientOptions, registryClientOptions } from "./registry-client/options.ts";
export type { PageReader } from "./registry-client/page-reader.ts";
export { createPageReader, NoMorePagesError } from "./registry-client/page-reader.ts";
export type { DownloadBlobOptions, RegistryClient } from "./registry-client/registry-client.ts";
export type { RegistryLog } from "./registry-client/registry-log.ts";
export { logToStderr, quiet } from "./registry-client/registry-log.ts";
export type { Schema2Fields } from "./registry-client/schema2.ts";
export type { IdentityOptions } from "./registry-client/wrap-transport.ts";
export { wrapTransport } from "./registry-client/wrap-transport.ts";
export type { BlobProgress, BlobProgressHandler, ClientHooks } from "./remote/client-hooks.ts";
export type { Connection, ConnectionRequest } from "./remote/connection.ts";
export type { AnyConnectionOptions, ConnectionOptions, OwnTransport, StackConnectionOptions, Without } from "./remote/create-connection.ts";
export { createConnection } from "./remote/create-connection.ts";
export { createReferrers } from "./remote/referrers/create-referrers.ts";
export type { ReferrersOperation } from "./remote/referrers/errors.ts";
export { ReferrersCapabilityError, ReferrersError, ReferrersIndexError } from "./remote/referrers/errors.ts";
export type { ListReferrersOptions, PushedManifest, Referrers, ReferrersCapability } from "./remote/referrers/referrers.ts";
export type { TransportStackOptions } from "./remote/transport-stack.ts";
export type { BlobUploaderOptions, RemoteBlobUploader } from "./remote/upload/blob-uploader.ts";
export { createBlobUploader } from "./remote/upload/blob-uploader.ts";
export { bodyLimitOf, limitBodies } from "./remote/upload/body-limit.ts";
export type { UploadBackoff } from "./remote/upload/chunk-sender.ts";
export type { UploadLocationOptions } from "./remote/upload/location.ts";
export { uploadLocation } from "./remote/upload/location.ts";
export type { MountBlobOptions, MountContent, MountOutcome } from "./remote/upload/mount-blob.ts";
export { MountContentError, mountBlob } from "./remote/upload/mount-blob.ts";
export type { UploadProgress } from "./remote/upload/outgoing-blob.ts";
export { pushBlob } from "./remote/upload/push-blob.ts";
export type { PushBlobOptions, PushMode } from "./remote/upload/push-options.ts";
export { checkPushPermission } from "./remote/upload/push-permission.ts";
export type { RemoteBlobUpload } from "./remote/upload/remote-blob-upload.ts";
export type { RegistryWarning, WarningHandler } from "./remote/warnings.ts";
export { onceEach } from "./remote/warnings.ts";
export type { Backoff, BackoffOptions } from "./transport/backoff.ts";
export { createBackoff } from "./transport/backoff.ts";
export type { Content, RequestBody } from "./transport/body.ts";
export { requestBody } from "./transport/body.ts";
export type { HostCertificates } from "./transport/certs-d.ts";
export { CertificatesError, defaultCertsDirs, loadHostCertificates } from "./transport/certs-d.ts";
export { checkResponse, responseError } from "./transport/check-response.ts";
export type { Clock } from "./transport/clock.ts";
export { systemClock } from "./transport/clock.ts";
export { completeTransport, completeWith, isCompleteTransport } from "./transport/complete-transport.ts";
export { formatDiagnostic, formatDiagnostics } from "./transport/diagnostic.ts";
export { drain } from "./transport/drain.ts";
export { errorLayer } from "./transport/error-layer.ts";
export type { RequestEvent, ResponseEvent, TransportHooks } from "./transport/hooks-layer.ts";
export { hooksLayer } from "./transport/hooks-layer.ts";
export type { LogSink } from "./transport/logging-layer.ts";
export { loggingLayer } from "./transport/logging-layer.ts";
export type { NoProxyMatcher } from "./transport/no-proxy.ts";
export { parseNoProxy } from "./transport/no-proxy.ts";
export type { ProxyOptions, ProxySelector } from "./transport/proxy.ts";
export { createProxySelector, proxyFromEnvironment } from "./transport/proxy.ts";
export type { RateLimit } from "./transport/rate-limit.ts";
export { parseRateLimit } from "./transport/rate-limit.ts";
export type { BodyStart } from "./transport/read-bounded.ts";
export { readBounded, readStart } from "./transport/read-bounded.ts";
export { redactUrl } from "./transport/redact.ts";
export type { RedirectOptions } from "./transport/redirect-layer.ts";
export { DEFAULT_MAX_REDIRECTS, redirectLayer } from "./transport/redirect-layer.ts";
export { parseRetryAfter } from "./transport/retry-after.ts";
export type { RetryEvent, RetryOptions, SlowdownEvent } from "./transport/retry-layer.ts";
export { retryLayer } from "./transport/retry-layer.ts";
export type { RetryOutcome, RetryPolicy, RetryPredicate } from "./transport/retry-policy.ts";
export {
  DEFAULT_RETRY_POLICY,
  GGCR_REMOTE_RETRY_POLICY,
  GGCR_TRANSPORT_RETRY_POLICY,
  defaultRetryPredicate,
  retryOnAny,
  retryOnErrors,
  retryOnStatuses,
} from "./transport/retry-policy.ts";
export { isTemporary } from "./transport/temporary.ts";
export type { Pem, TlsOptions } from "./transport/tls-options.ts";
export type {
  ClosableTransport,
  RequestHeaders,
  ResponseHeaders,
  Transport,
  TransportLayer,
  TransportRequest,
  TransportResponse,
} from "./transport/transport.ts";
export { composeTransport, headerValue } from "./transport/transport.ts";
export type { UndiciTransportOptions } from "./transport/undici-transport.ts";
export { createUndiciTransport, DEFAULT_CONNECT_TIMEOUT_MS, DEFAULT_HEADERS_TIMEOUT_MS } from "./transport/undici-transport.ts";
export { userAgentLayer } from "./transport/user-agent-layer.ts";
export { acknowledged } from "./transport/web-page.ts";
export { VERSION } from "./version.ts";
