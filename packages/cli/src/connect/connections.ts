import type { Connection, RemoteRegistry, RemoteRepository, RepositoryOptions } from "@berth/client";
import type { Side } from "../flags/flag-reader.ts";
import type { Settings } from "../flags/settings.ts";
import type { CommandIo } from "../io.ts";
import { loadUserConfig } from "../user-config/load.ts";
import type { RegistryConfig, UserConfig } from "../user-config/user-config.ts";
import { clientOptions } from "./client-options.ts";
import { credentialsFor } from "./credentials.ts";
import { type DebugLog, openDebugLog } from "./debug-log.ts";
import { throttled } from "./throttle.ts";
import type { Warnings } from "./warnings.ts";

/** The ways to registries of one command: one connection a host and side, made when it is first wanted. */
export class Connections {
  readonly #io: CommandIo;
  readonly #settings: Settings;
  readonly #warnings: Warnings;
  readonly #made = new Map<string, Promise<Connection>>();
  readonly #log: DebugLog | undefined;
  #userConfig: Promise<UserConfig> | undefined;

  constructor(io: CommandIo, settings: Settings, warnings: Warnings) {
    this.#io = io;
    this.#settings = settings;
    this.#warnings = warnings;
    const { debug, traceFile } = settings;
    this.#log = openDebugLog({ ...(debug && { stream: io.stderr }), ...(traceFile !== undefined && { file: traceFile }) });
  }

  /** The user's config file. */
  async userConfig(): Promise<UserConfig> {
    this.#userConfig ??= loadUserConfig(this.#io.env);
    return await this.#userConfig;
  }

  /** What the user's config file says of a host. */
  async configOf(host: string): Promise<RegistryConfig> {
    return (await this.userConfig()).registries.get(host) ?? {};
  }

  /** The way to a host. @throws {InvalidReferenceError} */
  async to(host: string, side?: Side): Promise<Connection> {
    const key = `${side ?? ""} ${host}`;
    let connection = this.#made.get(key);
    if (connection === undefined) {
      connection = this.#connect(host, side);
      connection.catch(() => this.#made.delete(key));
      this.#made.set(key, connection);
    }
    return await connection;
  }

  /** A registry. @throws {InvalidReferenceError} */
  async registry(host: string, side?: Side, options: RepositoryOptions = {}): Promise<RemoteRegistry> {
    const { createRemoteRegistry } = await import("@berth/client");
    return createRemoteRegistry(host, { ...options, connection: await this.to(host, side) });
  }

  /** A repository, by host and name. @throws {InvalidReferenceError} */
  async repository(host: string, name: string, side?: Side, options: RepositoryOptions = {}): Promise<RemoteRepository> {
    const { createRemoteRepository } = await import("@berth/client");
    return createRemoteRepository(`${host}/${name}`, { ...options, connection: await this.to(host, side) });
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#made.values()].map(async (made) => await (await made).close()));
    this.#made.clear();
    await this.#log?.close();
  }

  async #connect(host: string, side: Side | undefined): Promise<Connection> {
    const { createConnection, onceEach } = await import("@berth/client");
    const settings = this.#settings;
    const ofSide = settings.side(side);
    const config = await this.configOf(host);
    const options = await clientOptions({
      io: this.#io,
      settings,
      side: ofSide,
      config,
      log: this.#log,
      credentials: await credentialsFor(this.#io, host, ofSide.signIn, (text) => this.#warnings.add(text)),
      onWarning: onceEach(({ registry, text }) => this.#warnings.add(`${registry} says: ${text}`)),
    });
    const connection = createConnection(host, options);
    return config.requestsPerSecond === undefined ? connection : throttled(connection, config.requestsPerSecond);
  }
}
