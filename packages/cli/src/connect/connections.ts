import type {
  Connection,
  Credential,
  CredentialSource,
  RemoteRegistry,
  RemoteRepository,
  RepositoryOptions,
  StackConnectionOptions,
} from "@berth/client";
import type { Side } from "../flags/flag-reader.ts";
import type { Settings, SideSettings } from "../flags/settings.ts";
import type { SignIn } from "../flags/sign-in.ts";
import type { CommandIo } from "../io.ts";
import { oneLine } from "../output/plain-text.ts";
import { loadUserConfig } from "../user-config/load.ts";
import type { RegistryConfig, UserConfig } from "../user-config/user-config.ts";
import type { Endpoint } from "@berth/transfer";
import { clientOptions } from "./client-options.ts";
import { credentialsFor } from "./credentials.ts";
import { type DebugLog, openDebugLog } from "./debug-log.ts";
import type { SyncRegistry } from "../sync/sync-file.ts";
import { signInOf } from "../sync/sync-sign-in.ts";
import { answersInHttp, localAddress } from "./probe-http.ts";
import type { RateWatch } from "./rate-watch.ts";
import { throttled } from "./throttle.ts";
import type { Warnings } from "./warnings.ts";

/** The ways to registries of one command: one connection a host and side, made when it is first wanted. */
export class Connections {
  readonly #io: CommandIo;
  readonly #settings: Settings;
  readonly #warnings: Warnings;
  readonly #rates: RateWatch;
  readonly #made = new Map<string, Promise<Connection>>();
  readonly #credentials = new Map<string, Promise<CredentialSource | undefined>>();
  /** What registries were shown last. */
  readonly #shown = new WeakMap<Connection, Credential>();
  readonly #log: DebugLog | undefined;
  readonly #downloads: Pick<RepositoryOptions, "downloadRetries" | "downloadRetryDelayMs">;
  #userConfig: Promise<UserConfig> | undefined;
  /** Who a sync file says that we are, by host. */
  #signIns: ReadonlyMap<string, SignIn> = new Map();

  constructor(io: CommandIo, settings: Settings, warnings: Warnings, rates: RateWatch) {
    this.#io = io;
    this.#rates = rates;
    this.#settings = settings;
    this.#warnings = warnings;
    const { debug, traceFile, retries, retryDelayMs } = settings;
    this.#downloads = {
      ...(retries !== undefined && { downloadRetries: retries }),
      ...(retryDelayMs !== undefined && { downloadRetryDelayMs: retryDelayMs }),
    };
    this.#log = openDebugLog({ ...(debug && { stream: io.stderr }), ...(traceFile !== undefined && { file: traceFile }) });
  }

  /** The user's config file. */
  async userConfig(): Promise<UserConfig> {
    this.#userConfig ??= loadUserConfig(this.#io.env);
    return await this.#userConfig;
  }

  /** Takes over what a sync file says of registries: it goes before the user's config file, and behind flags and variables. */
  use(registries: ReadonlyMap<string, SyncRegistry>): void {
    const before = this.userConfig();
    this.#userConfig = before.then((config) => {
      const merged = new Map(config.registries);
      for (const [host, { user: _, passwordVariable: __, tokenVariable: ___, ...settings }] of registries)
        merged.set(host, { ...merged.get(host), ...settings });
      return { registries: merged };
    });
    this.#userConfig.catch(() => undefined); // told when somebody wants it
    this.#signIns = new Map([...registries].flatMap(([host, one]) => signInOf(one, this.#io.env).map((signIn) => [host, signIn] as const)));
  }

  /** What the user's config file says of a host. */
  async configOf(host: string): Promise<RegistryConfig> {
    return (await this.userConfig()).registries.get(host) ?? {};
  }

  /** The way to a host. @throws {InvalidReferenceError} */
  async to(host: string, side?: Side): Promise<Connection> {
    return await this.#once(`${side ?? ""} ${host}`, async () => {
      return await this.#connect(host, this.#settings.side(side), async () => await this.credentialsFor(host, side));
    });
  }

  /** A registry. @throws {InvalidReferenceError} */
  async registry(host: string, side?: Side, options: RepositoryOptions = {}): Promise<RemoteRegistry> {
    const connection = await this.to(host, side);
    const { createRemoteRegistry } = await import("@berth/client");
    return createRemoteRegistry(host, { ...this.#downloads, ...options, connection });
  }

  /** A repository, by host and name. @throws {InvalidReferenceError} */
  async repository(host: string, name: string, side?: Side, options: RepositoryOptions = {}): Promise<RemoteRepository> {
    const connection = await this.to(host, side);
    const { createRemoteRepository } = await import("@berth/client");
    return createRemoteRepository(`${host}/${name}`, { ...this.#downloads, ...options, connection });
  }

  /**
   * A repository of a registry at one of its mirrors. That is asked with what is known of the mirror alone: nothing that flags say of the
   * registry, and not its credentials.
   */
  async repositoryAt(endpoint: Endpoint, name: string, options: RepositoryOptions = {}): Promise<RemoteRepository> {
    const { host, prefix, namespace = "" } = endpoint;
    const { createRemoteRepository } = await import("@berth/client");
    const connection = await this.#once(`mirror ${host} ${namespace}`, async () => {
      const { connectEndpoint } = await import("@berth/transfer");
      const signIn = async (): Promise<CredentialSource | undefined> => await this.#credentialsFor(host, undefined);
      return await this.#connect(host, {}, signIn, (options) => connectEndpoint(endpoint, options));
    });
    return createRemoteRepository(`${host}/${prefix}${name}`, { ...this.#downloads, ...options, connection });
  }

  /** Who we said that we are over a connection; undefined as long as nobody asked. */
  shownOver(connection: Connection): Credential | undefined {
    return this.#shown.get(connection);
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#made.values()].map(async (made) => await (await made).close()));
    this.#made.clear();
    await this.#log?.close();
  }

  /** Options of a connection to a host, all but who we are. */
  async optionsFor(host: string, side?: Side): Promise<Omit<StackConnectionOptions, "credentials">> {
    return await this.#options(host, this.#settings.side(side));
  }

  async #options(host: string, side: SideSettings): Promise<Omit<StackConnectionOptions, "credentials">> {
    const { onceEach } = await import("@berth/client");
    return await clientOptions({
      io: this.#io,
      settings: this.#settings,
      side,
      config: await this.configOf(host),
      log: this.#log,
      hooks: this.#rates.hooksFor(host),
      onWarning: onceEach(({ registry, text }) => this.#warnings.add(`${registry} says: ${oneLine(text)}`)),
    });
  }

  /** Who we are to a host; may ask for a password, once. */
  async credentialsFor(host: string, side?: Side): Promise<CredentialSource | undefined> {
    const key = `${side ?? ""} ${host}`;
    const found = this.#credentials.get(key) ?? this.#credentialsFor(host, this.#settings.side(side).signIn);
    this.#credentials.set(key, found);
    return await found;
  }

  async #credentialsFor(host: string, signIn: SignIn | undefined): Promise<CredentialSource | undefined> {
    return await credentialsFor(this.#io, host, signIn ?? this.#signIns.get(host), (text) => this.#warnings.add(text));
  }

  async #once(key: string, make: () => Promise<Connection>): Promise<Connection> {
    let connection = this.#made.get(key);
    if (connection === undefined) {
      connection = make();
      connection.catch(() => this.#made.delete(key));
      this.#made.set(key, connection);
    }
    return await connection;
  }

  /** @param make makes the connection; default `createConnection`. */
  async #connect(
    host: string,
    side: SideSettings,
    signIn: () => Promise<CredentialSource | undefined>,
    make?: (options: StackConnectionOptions) => Connection,
  ): Promise<Connection> {
    const { plainHttp, requestsPerSecond } = await this.configOf(host);
    const [isHttp, options, credentials, { createConnection }] = await Promise.all([
      (side.plainHttp ?? plainHttp) === undefined && this.#isLocalHttp(host), // asked while the client is loaded
      this.#options(host, side),
      signIn(),
      import("@berth/client"),
    ]);
    const watched: CredentialSource = async (target, call) => {
      const credential = await credentials?.(target, call);
      if (credential !== undefined) this.#shown.set(connection, credential);
      return credential;
    };
    const all = { ...options, ...(isHttp && { plainHttp: true }), ...(credentials && { credentials: watched }) };
    const plain = make?.(all) ?? createConnection(host, all);
    const connection = requestsPerSecond === undefined ? plain : throttled(plain, requestsPerSecond);
    return connection;
  }

  /** True for a registry of this machine without TLS. What cannot be told here, the client finds out. */
  async #isLocalHttp(host: string): Promise<boolean> {
    const local = localAddress(host);
    if (local === undefined || this.#settings.addresses.size > 0) return false;
    return await answersInHttp(local, { signal: this.#io.signal });
  }
}
