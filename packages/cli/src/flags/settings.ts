import type { CommandIo } from "../io.ts";
import { FlagReader, type Side } from "./flag-reader.ts";
import { type ProgressMode, parseProgressMode } from "./shared-flags.ts";
import { readSignIn, type SignIn } from "./sign-in.ts";
import { parseAddressOverride, parseCount, parseHeader, parseWait } from "./values.ts";

/** What flags and variables say about the registry of one side. What they do not say is absent. */
export interface SideSettings {
  /** Absent: as docker's config says. */
  readonly signIn?: SignIn;
  /** `--plain-http`: HTTP without TLS; absent: TLS, but for a registry of this machine that has none. */
  readonly plainHttp?: boolean;
  /** `--insecure`: any certificate will do. */
  readonly insecure?: boolean;
  /** `--ca-file`: the path of a PEM file with authorities to trust beside those of the system. */
  readonly caFile?: string;
  /** `--cert`: the path of our certificate, PEM. */
  readonly cert?: string;
  /** `--key`: the path of its key, PEM. */
  readonly key?: string;
}

/** What shared flags and `BERTH_*` variables say, flags first. */
export interface Settings {
  /** For a command without sides: of the only one. */
  side(side?: Side): SideSettings;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** `host:port` to the address that it is found at. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Milliseconds that the whole command may take; absent: any time. */
  readonly timeoutMs?: number;
  /** Milliseconds that a transfer may stand still before it is taken up again; 0: for ever. Absent: as the client has it. */
  readonly stallTimeoutMs?: number;
  /** How often a failed request is sent again; absent: as the client has it. */
  readonly retries?: number;
  /** Milliseconds before the first retry; absent: as the client has it. */
  readonly retryDelayMs?: number;
  /** Things that are done at a time; absent: as the engine has it. */
  readonly jobs?: number;
  readonly debug: boolean;
  /** The path that `--trace-http` names. */
  readonly traceFile?: string;
  readonly quiet: boolean;
  readonly progress: ProgressMode;
  /** As written; see `parseFormat`. */
  readonly format?: string;
}

/** Reads all shared flags. @throws {CommandFailure} on a value that cannot be, exit code 2. */
export function readSettings(flags: Readonly<Record<string, unknown>>, env: CommandIo["env"]): Settings {
  const reader = new FlagReader(flags, env);
  const timeoutMs = reader.value("timeout", parseWait);
  const stallTimeoutMs = reader.value("stall-timeout", parseWait);
  const retries = reader.value("retries", parseCount(0));
  const retryDelayMs = reader.value("retry-delay", parseWait);
  const jobs = reader.value("jobs", parseCount(1));
  const traceFile = reader.value("trace-http", String);
  const format = reader.value("format", String);
  return {
    side: (side) => readSide(reader, side),
    headers: Object.fromEntries(reader.list("header", parseHeader)),
    addresses: new Map(reader.list("resolve", parseAddressOverride)),
    debug: reader.isOn("debug") ?? false,
    quiet: reader.isOn("quiet") ?? false,
    progress: reader.value("progress", parseProgressMode) ?? "auto",
    ...(timeoutMs !== undefined && timeoutMs > 0 && { timeoutMs }),
    ...(stallTimeoutMs !== undefined && { stallTimeoutMs }),
    ...(retries !== undefined && { retries }),
    ...(retryDelayMs !== undefined && { retryDelayMs }),
    ...(jobs !== undefined && { jobs }),
    ...(traceFile !== undefined && { traceFile }),
    ...(format !== undefined && { format }),
  };
}

function readSide(reader: FlagReader, side: Side | undefined): SideSettings {
  const signIn = readSignIn(reader, side);
  const plainHttp = reader.isOn("plain-http", side);
  const insecure = reader.isOn("insecure", side);
  const caFile = reader.value("ca-file", String, side);
  const cert = reader.value("cert", String, side);
  const key = reader.value("key", String, side);
  return {
    ...(signIn !== undefined && { signIn }),
    ...(plainHttp !== undefined && { plainHttp }),
    ...(insecure !== undefined && { insecure }),
    ...(caFile !== undefined && { caFile }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
