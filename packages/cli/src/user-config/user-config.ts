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
  /** HTTP without TLS; absent: TLS, but for a registry of this machine that has none. */
  readonly plainHttp?: boolean;
  /** Any certificate will do; default false. */
  readonly insecure?: boolean;
  /** The path of a PEM file with authorities to trust beside those of the system. */
  readonly caFile?: string;
  /** The path of our certificate, PEM. */
  readonly cert?: string;
  /** The path of its key, PEM. */
  readonly key?: string;
  /** Token servers that are asked wherever they are: hosts, or origins such as `http://auth.corp`. */
  readonly trustedRealms?: readonly string[];
  /** Bytes that one request of an upload holds at most. */
  readonly chunkSize?: number;
  /** Requests that are started in a second, at most. */
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
