import type { ConfigOverride } from "@berth/registry/config";
import type { Command } from "commander";

/** The flags of `serve` as given. */
export interface ServeFlags {
  readonly config?: string;
  /** `--addr`: `host:port`, as written. */
  readonly addr?: string;
  /** `--port`, as written. */
  readonly port?: string;
  /** `--data`: a folder. */
  readonly data?: string;
  /** `--htpasswd`: a file. */
  readonly htpasswd?: string;
  /** `--readonly`: every write is refused. */
  readonly readonly?: boolean;
  /** `--delete`; false for `--no-delete`; default: as the configuration has it. */
  readonly delete?: boolean;
  /** `--tls-cert`: a PEM file. */
  readonly tlsCert?: string;
  /** `--tls-key`: a PEM file. */
  readonly tlsKey?: string;
  /** `--metadata-url`: of a PostgreSQL database. */
  readonly metadataUrl?: string;
  /** `--workers`: processes, as written. */
  readonly workers?: string;
  /** `--log-level`, as written. */
  readonly logLevel?: string;
  /** `--log-format`, as written. */
  readonly logFormat?: string;
  /** False for `--no-access-log`. */
  readonly accessLog?: boolean;
  /** `--strict`: unknown and repeated keys of the file are errors. */
  readonly strict?: boolean;
}

/** Adds the flags of `serve` to a command. */
export function addServeFlags(command: Command): Command {
  return command
    .option("--config <file>", "the config.yml, as the argument names it")
    .option("--addr <host:port>", "where to listen; :5000 for every interface")
    .option("--port <port>", "another port; 0 for any free one")
    .option("--data <folder>", "where blobs and names are kept")
    .option("--metadata-url <url>", "keep names in this PostgreSQL database (postgres://...)")
    .option("--htpasswd <file>", "ask for a user and password of this file; made when missing")
    .option("--tls-cert <file>", "speak HTTPS with this certificate")
    .option("--tls-key <file>", "and this private key")
    .option("--readonly", "refuse every write")
    .option("--delete", "allow deletes")
    .option("--no-delete", "refuse deletes")
    .option("--workers <number>", "processes that serve")
    .option("--log-level <level>", "error, warn, info or debug")
    .option("--log-format <format>", "text, json or logstash")
    .option("--no-access-log", "write no line for each request")
    .option("--strict", "make errors of unknown and repeated keys of the file");
}

/** What the flags say in the words of the configuration; the checks are the file's own. */
export function toOverrides(flags: ServeFlags): readonly ConfigOverride[] {
  const overrides: ConfigOverride[] = [];
  const set = (origin: string, path: string, value: unknown): void => {
    if (value !== undefined) overrides.push({ path, value, origin });
  };
  set("--addr", "http.addr", flags.addr);
  set("--port", "http.port", flags.port);
  set("--data", "storage.filesystem.rootdirectory", flags.data);
  set("--metadata-url", "metadata", flags.metadataUrl === undefined ? undefined : { postgres: { url: flags.metadataUrl } });
  set("--htpasswd", "auth", flags.htpasswd === undefined ? undefined : { htpasswd: { realm: "Registry", path: flags.htpasswd } });
  set("--tls-cert", "http.tls.certificate", flags.tlsCert);
  set("--tls-key", "http.tls.key", flags.tlsKey);
  set("--readonly", "storage.maintenance.readonly.enabled", flags.readonly);
  set(flags.delete === false ? "--no-delete" : "--delete", "storage.delete.enabled", flags.delete);
  set("--workers", "workers", flags.workers);
  set("--log-level", "log.level", flags.logLevel);
  set("--log-format", "log.formatter", flags.logFormat);
  set("--no-access-log", "log.accesslog.disabled", flags.accessLog === false ? true : undefined);
  return overrides;
}
