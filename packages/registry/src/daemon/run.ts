import cluster from "node:cluster";
import { hostname } from "node:os";
import type { ConfigIssue, RegistryConfig } from "../config/index.ts";
import { formatHostPort, formatIssue } from "../config/index.ts";
import type { EmbeddedRegistry } from "../create-registry.ts";
import type { RequestSummary } from "../http/options.ts";
import { formatAccessLine } from "../observability/log-access.ts";
import { createLogger } from "../observability/log-create.ts";
import { processFields } from "../observability/log-process.ts";
import type { Logger } from "../observability/log.ts";
import { VERSION } from "../version.ts";
import { buildRegistry } from "./build.ts";
import { CertificateWatch } from "./certificate-watch.ts";
import { ListenError } from "./listen-error.ts";
import { checkAddress } from "./listen-address.ts";
import { type Listening, listen } from "./listen.ts";
import { PurgeSchedule } from "./purge-schedule.ts";
import { superviseWorkers } from "./workers.ts";

/** Takes lines. */
export interface LineWriter {
  /** What it gives back is not looked at. */
  write(line: string): unknown;
}

/** Where a daemon listens. */
export interface ListeningInfo {
  /** `127.0.0.1:5000`, or the path of a unix socket. */
  readonly address: string;
  /** 0 for unix sockets. */
  readonly port: number;
  readonly tls: boolean;
}

/** Options of {@link runDaemon}. */
export interface RunDaemonOptions {
  readonly config: RegistryConfig;
  /** Said in the log once it is open. */
  readonly warnings: readonly ConfigIssue[];
  /** Takes the access log. */
  readonly stdout: LineWriter;
  /** Takes the log. */
  readonly stderr: LineWriter;
  /** Aborting drains and ends the daemon. */
  readonly signal: AbortSignal;
  /** Called when requests are being answered. */
  readonly onListening?: (info: ListeningInfo) => void;
}

/**
 * Runs a registry until `signal` aborts: opens what the configuration names, listens, and at the end lets requests under way finish.
 * Resolves with the exit code: 0 when all of them did, 1 when some were cut off.
 *
 * @throws {ListenError} @throws {MetadataUnavailableError} @throws {ConfigError} when it cannot start; nothing is left open then.
 */
export async function runDaemon(options: RunDaemonOptions): Promise<number> {
  const { config, warnings, stderr, signal, onListening } = options;
  const fields = { ...processFields({ version: VERSION }), ...config.log.fields };
  const log = createLogger({ level: config.log.level, formatter: config.log.formatter, fields, write: (line) => void stderr.write(line) });
  if (cluster.isWorker) {
    // the line to the parent keeps a worker alive that has nothing left to do
    return await serve(options, log).finally(() => cluster.worker?.disconnect());
  }
  if (config.workers > 1 && config.metadata.kind === "sqlite" && config.metadata.path === ":memory:")
    throw new ListenError("several workers need metadata and storage that they can share, not memory");
  logIssues(log, warnings);
  await checkAddress(config.http.address);
  if (config.workers === 1) return await serve(options, log);
  return await superviseWorkers({
    count: config.workers,
    log,
    signal,
    onListening: ({ port }) => onListening?.(describeListening(config, port)),
  });
}

/** One process that answers requests. */
async function serve({ config, stdout, signal, onListening }: RunDaemonOptions, log: Logger): Promise<number> {
  const onRequest = config.log.accessLog ? (summary: RequestSummary) => void stdout.write(accessLine(summary)) : undefined;
  const registry = await buildRegistry(config, log, onRequest);
  const listening = await listen(registry.handler, config.http).catch(async (error: unknown) => {
    await registry.close();
    throw error;
  });
  log.info(`listening on ${listening.address}${config.http.tls === undefined ? "" : ", tls"}`, { host: hostname() });
  if (!cluster.isWorker) onListening?.(describeListening(config, listening.port));
  const purge = new PurgeSchedule(registry, config.uploads.purge, log);
  const certificates =
    config.http.tls === undefined || listening.reloadCertificates === undefined
      ? undefined
      : new CertificateWatch(config.http.tls, listening.reloadCertificates, log);
  await aborted(signal);
  certificates?.close();
  return await stop({ listening, registry, purge, log, drainTimeoutMs: config.http.drainTimeoutMs });
}

interface Running {
  readonly listening: Listening;
  readonly registry: EmbeddedRegistry;
  readonly purge: PurgeSchedule;
  readonly log: Logger;
  readonly drainTimeoutMs: number;
}

async function stop({ listening, registry, purge, log, drainTimeoutMs }: Running): Promise<number> {
  log.info("stopping: no new connections, requests under way may finish", { drainTimeoutMs });
  const finished = await listening.drain(drainTimeoutMs);
  if (!finished) log.warn("cut off requests that were still under way");
  await purge.close();
  await registry.close();
  log.info("stopped");
  return finished ? 0 : 1;
}

function logIssues(log: Logger, issues: readonly ConfigIssue[]): void {
  for (const issue of issues) {
    if (issue.severity === "info") log.info(formatIssue(issue));
    else log.warn(formatIssue(issue));
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function describeListening({ http }: RegistryConfig, port: number): ListeningInfo {
  const address = http.address.net === "unix" ? http.address.path : formatHostPort({ host: http.address.host, port });
  return { address, port, tls: http.tls !== undefined };
}

function accessLine(summary: RequestSummary): string {
  return formatAccessLine({
    remoteAddress: summary.remoteAddress,
    user: summary.user,
    startedAt: summary.startedAt,
    method: summary.method,
    uri: summary.url,
    httpVersion: summary.httpVersion,
    status: summary.status,
    bytes: summary.written,
    referer: summary.referer,
    userAgent: summary.userAgent,
    requestId: summary.requestId,
  });
}
