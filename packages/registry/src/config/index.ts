export { parseHostPort, formatHostPort } from "./address.ts";
export type { HostPort } from "./address.ts";
export type { ConfigIssue } from "./issues.ts";
export { ConfigError, formatIssue } from "./issues.ts";
export type { ConfigOverride, LoadConfigOptions, LoadedConfig } from "./load.ts";
export { defaultConfig, loadConfig } from "./load.ts";
export type {
  AuthConfig,
  ClientAuth,
  HtpasswdConfig,
  HttpConfig,
  HttpLimits,
  HttpTimeouts,
  ListenAddress,
  LogConfig,
  ManifestsConfig,
  MetadataConfig,
  PlatformRule,
  RegistryConfig,
  StorageConfig,
  StorageDriverConfig,
  TlsConfig,
  UploadsConfig,
  UrlRules,
  ValidationConfig,
} from "./registry-config.ts";
export { CONFIG_SCHEMA } from "./schema/root.ts";
export type { ConfigSchema, SectionSchema } from "./schema/schema.ts";
export type { TlsOptions } from "./tls.ts";
export { readTls } from "./tls.ts";
