import { readFile } from "node:fs/promises";
import type { ClientHooks, LogSink, StackConnectionOptions, TlsOptions, WarningHandler } from "@berth/client";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Settings, SideSettings } from "../flags/settings.ts";
import type { CommandIo } from "../io.ts";
import type { RegistryConfig } from "../user-config/user-config.ts";
import { packageVersion } from "../version.ts";

/** What the options of a client are made of. */
export interface ClientOptionsInput {
  readonly io: CommandIo;
  readonly settings: Settings;
  readonly side: SideSettings;
  /** What the user's config file says of the host. */
  readonly config: RegistryConfig;
  readonly log: LogSink | undefined;
  readonly hooks: ClientHooks;
  readonly onWarning: WarningHandler;
}

/** Options of a connection to one host: flags and variables, then the user's config, then the defaults of the client. */
export async function clientOptions(input: ClientOptionsInput): Promise<Omit<StackConnectionOptions, "credentials">> {
  const { createBackoff, createProxySelector, defaultCertsDirs, proxyFromEnvironment } = await import("@berth/client");
  const { io, settings, side, config, log, hooks, onWarning } = input;
  const plainHttp = side.plainHttp ?? config.plainHttp;
  const proxy = proxyFromEnvironment(io.env);
  try {
    createProxySelector(proxy);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandFailure(EXIT_CODE.usage, `${error.message} (HTTPS_PROXY, HTTP_PROXY)`);
  }
  const { retries, retryDelayMs, stallTimeoutMs } = settings;
  const policy = {
    ...(retries !== undefined && { maxRetries: retries }),
    ...(retryDelayMs !== undefined && {
      backoff: createBackoff({ initialMs: retryDelayMs, factor: 2, jitter: [-0.1, 0.1], maxMs: Math.max(30_000, retryDelayMs) }),
    }),
  };
  return {
    userAgent: `berth-cli/${packageVersion().version}`,
    onWarning,
    hooks,
    auth: { headers: settings.headers, ...(config.trustedRealms && { trustedRealms: config.trustedRealms }) },
    retry: { policy },
    http: {
      proxy,
      certsDirs: defaultCertsDirs(io.env),
      addresses: settings.addresses,
      tls: await tlsOptions(side, config),
      ...(stallTimeoutMs !== undefined && { stallTimeoutMs }),
      ...(config.concurrency !== undefined && { maxConnectionsPerHost: config.concurrency }),
    },
    ...(plainHttp !== undefined && { plainHttp }),
    ...(log !== undefined && { log }),
  };
}

async function tlsOptions(side: SideSettings, config: RegistryConfig): Promise<TlsOptions> {
  const insecure = side.insecure ?? config.insecure;
  const caFile = side.caFile ?? config.caFile;
  const own = side.cert === undefined && side.key === undefined ? config : side;
  if ((own.cert === undefined) !== (own.key === undefined))
    throw new CommandFailure(EXIT_CODE.usage, "--cert and --key belong together: give both");
  return {
    systemCa: "when-needed",
    ...(insecure !== undefined && { insecure }),
    ...(caFile !== undefined && { ca: await readPem("--ca-file", caFile) }),
    ...(own.cert !== undefined && { cert: await readPem("--cert", own.cert) }),
    ...(own.key !== undefined && { key: await readPem("--key", own.key) }),
  };
}

async function readPem(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { systemReason } = await import("@berth/oci/node");
    throw new CommandFailure(EXIT_CODE.usage, `cannot read ${flag} "${file}": ${systemReason(error)}`);
  }
}
