/** What a user's config file says about one registry. What it does not say is absent. */
export interface RegistryConfig {
  /** Hosts that are asked before this one when something is read. */
  readonly mirrors?: readonly string[];
  /** Among mirrors the highest is asked first; default 0. */
  readonly priority?: number;
  /** Stands before every repository's name when the host is asked as a mirror. */
  readonly pathPrefix?: string;
  /** Milliseconds that it has for its first answer when it is asked as a mirror; 0: as long as any registry has. */
  readonly answerTimeout?: number;
  readonly plainHttp?: boolean;
  readonly insecure?: boolean;
  readonly caFile?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Token servers that are asked wherever they are: hosts, or origins such as `http://auth.corp`. */
  readonly trustedRealms?: readonly string[];
  /** Bytes that one request of an upload holds at most. */
  readonly chunkSize?: number;
  readonly requestsPerSecond?: number;
  /** Connections at a time. */
  readonly concurrency?: number;
}

/** A user's config file. */
export interface UserConfig {
  /** By host. */
  readonly registries: ReadonlyMap<string, RegistryConfig>;
}

/** Nothing was said. */
export const NO_USER_CONFIG: UserConfig = { registries: new Map() };
