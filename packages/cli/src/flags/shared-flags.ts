import { InvalidArgumentError } from "commander";
import { parseAddressOverride, parseCount, parseHeader, parseSwitch, parseWait } from "./values.ts";

/** A flag that many commands have. */
export interface SharedFlag {
  /** Without the dashes: `plain-http`. The variable is `BERTH_PLAIN_HTTP`. */
  readonly name: string;
  /** One letter, perhaps. */
  readonly short?: string;
  /** Name of its value; absent: it is there or not. */
  readonly value?: string;
  /** What help says of it: a few words, lower case, no full stop. */
  readonly doc: string;
  /** Whether commands with two sides also have it as `--from-...` and `--to-...`. */
  readonly sided?: true;
  /** Checks the value, so that a mistake is found before anything is done; {@link FlagReader} reads it. Absent: any text will do. */
  readonly parse?: (text: string) => unknown;
  /** Whether it may be given more than once. */
  readonly repeatable?: true;
  /** False: there is no variable of that name. */
  readonly variable?: false;
}

/** What the progress of a command can look like. */
export const PROGRESS_MODES = ["auto", "tty", "plain", "json", "none"] as const;

/** One of {@link PROGRESS_MODES}. */
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** Reads one of {@link PROGRESS_MODES}. @throws {InvalidArgumentError} */
export function parseProgressMode(text: string): ProgressMode {
  const mode = PROGRESS_MODES.find((one) => one === text);
  if (mode === undefined) throw new InvalidArgumentError(`expected one of ${PROGRESS_MODES.join(", ")}`);
  return mode;
}

/** Who we are. */
export const SIGN_IN_FLAGS: readonly SharedFlag[] = [
  { name: "user", short: "u", value: "name", doc: "sign in as this user, whatever docker's config says", sided: true },
  { name: "password-stdin", doc: "read the password from standard input", sided: true, variable: false },
  { name: "token", value: "token", doc: "send this bearer token; better kept in BERTH_TOKEN", sided: true },
  { name: "anonymous", doc: "do not sign in, whatever docker's config says", sided: true, parse: parseSwitch },
];

/** How a registry is reached. */
export const CONNECTION_FLAGS: readonly SharedFlag[] = [
  { name: "plain-http", doc: "speak HTTP without TLS", sided: true, parse: parseSwitch },
  { name: "insecure", doc: "accept any certificate", sided: true, parse: parseSwitch },
  { name: "ca-file", value: "file", doc: "trust the authorities of this file too (PEM)", sided: true },
  { name: "cert", value: "file", doc: "prove ourselves with this certificate (PEM)", sided: true },
  { name: "key", value: "file", doc: "the key of the certificate (PEM)", sided: true },
  {
    name: "header",
    short: "H",
    value: "name: value",
    doc: "send this header with every request; repeatable",
    parse: parseHeader,
    repeatable: true,
  },
  {
    name: "resolve",
    value: "host:port:address",
    doc: "find a host at this address; repeatable",
    parse: parseAddressOverride,
    repeatable: true,
  },
  { name: "timeout", value: "time", doc: "give up after this time: 30s, 5m; default, and 0: never", parse: parseWait },
  {
    name: "stall-timeout",
    value: "time",
    doc: "take up a transfer again that moves no byte for so long; default 1m for what is received; 0: never",
    parse: parseWait,
  },
  { name: "retries", value: "number", doc: "send a failed request again, at most so often; default 5", parse: parseCount(0) },
  { name: "retry-delay", value: "time", doc: "wait so long before the first retry, then ever longer; default 250ms", parse: parseWait },
  { name: "debug", doc: "show every request and answer on standard error, without secrets", parse: parseSwitch },
  { name: "trace-http", value: "file", doc: "write every request and answer to a file, without secrets" },
];

/** What is said, and how. */
export const OUTPUT_FLAGS: Readonly<Record<"format" | "jobs" | "progress" | "quiet", SharedFlag>> = {
  format: { name: "format", value: "format", doc: "text, json, yaml, go-template=... or jsonpath=...; see `berth help formats`" },
  quiet: { name: "quiet", short: "q", doc: "say nothing that was not asked for", parse: parseSwitch },
  progress: {
    name: "progress",
    value: "mode",
    doc: `show progress as ${PROGRESS_MODES.join(", ")}; default auto`,
    parse: parseProgressMode,
  },
  jobs: { name: "jobs", short: "j", value: "number", doc: "do so many things at a time", parse: parseCount(1) },
};

/** All of them. */
export const SHARED_FLAGS: readonly SharedFlag[] = [...SIGN_IN_FLAGS, ...CONNECTION_FLAGS, ...Object.values(OUTPUT_FLAGS)];

/** The variable that stands for a flag: `BERTH_PLAIN_HTTP`. */
export function variableOf(name: string): string {
  return `BERTH_${name.replaceAll("-", "_").toUpperCase()}`;
}

/** The name that the parser gives a flag's value: `plainHttp`. */
export function keyOf(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
