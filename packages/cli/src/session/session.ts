import type { TransferEvent } from "@berth/transfer";
import { Connections } from "../connect/connections.ts";
import { RateWatch, type RateWait, waitText } from "../connect/rate-watch.ts";
import { Warnings } from "../connect/warnings.ts";
import type { ErrorReport } from "../errors/error-report.ts";
import { printError, printErrorRecord } from "../errors/print-error.ts";
import { type Settings, readSettings } from "../flags/settings.ts";
import type { LimitFlags } from "../flags/limit-flags.ts";
import { keyOf } from "../flags/shared-flags.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo, OutputStream } from "../io.ts";
import { type OutputFormat, parseFormat } from "../output/format.ts";
import { oneLine } from "../output/plain-text.ts";
import type { ProgressView } from "../progress/view.ts";
import { checkFormat, printResult, type Result } from "../output/print-result.ts";

/** A wait that is shorter is over before anybody wonders. Milliseconds. */
const WORTH_TELLING_MS = 1000;

/** One run of a command that speaks to registries: what its flags say, the ways to registries, and what is to be told at the end. */
export class Session {
  /** Its signal is aborted when time is up, too. */
  readonly io: CommandIo;
  readonly settings: Settings;
  /** How results are written. */
  readonly format: OutputFormat;
  /** What may be unpacked, for commands with flags that say so. */
  readonly limits: LimitFlags;
  readonly warnings: Warnings;
  readonly connections: Connections;
  /** What it is about: the reference that was opened last, for hints. */
  subject: string | undefined;
  /** The reference that was opened last to be read. */
  source: string | undefined;
  /** What helps a person who stopped it. */
  stopHint: string | undefined;
  /** Told what happens to content, while content is moved. */
  onEvent: ((event: TransferEvent) => void) | undefined;
  /** Whether every line is an object for programs: `--progress json`. */
  readonly tellsRecords: boolean;
  /** Whether content goes to standard output. */
  #stdoutIsData: boolean;
  readonly #deadline: AbortSignal | undefined;
  /** What registries say about how much may be asked of them. */
  readonly rates: RateWatch;
  /** Files that are written when the work is done, by the flags that name them. */
  readonly #lastFiles: readonly (readonly [flag: string, path: string])[];
  #notice: NodeJS.Timeout | undefined;
  #view: ProgressView | undefined;

  /**
   * @param flags as the parser found them.
   * @param options.showsProgress whether the command has `--progress`; a variable that stands for it says nothing to others. Default true.
   * @throws {CommandFailure} on a value that cannot be.
   */
  constructor(
    io: CommandIo,
    flags: Readonly<Record<string, unknown>>,
    { showsProgress = true }: { readonly showsProgress?: boolean } = {},
  ) {
    this.settings = readSettings(flags, io.env);
    this.format = parseFormat(this.settings.format);
    this.tellsRecords = showsProgress && this.settings.progress === "json";
    this.#stdoutIsData = typeof flags["output"] === "string" && /^(?:[a-z-]+:)?-$/.test(flags["output"]);
    this.#lastFiles = ["digest-file", "refs-file"].flatMap((flag) => {
      const path = flags[keyOf(flag)];
      return typeof path === "string" ? [[flag, path] as const] : [];
    });
    const { maxRatio } = flags;
    this.limits = typeof maxRatio === "number" ? { maxRatio } : {};
    const { timeoutMs } = this.settings;
    this.#deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const signal = this.#deadline === undefined ? io.signal : AbortSignal.any([io.signal, this.#deadline]);
    this.io = withSignal(io, signal);
    this.warnings = new Warnings();
    this.rates = new RateWatch((wait) => this.#tellWait(wait));
    this.connections = new Connections(this.io, this.settings, this.warnings, this.rates);
  }

  /** Aborted when the command is to stop: hand it to everything that takes time. */
  get signal(): AbortSignal {
    return this.io.signal;
  }

  /** Whether `--timeout` is over. */
  get isTimedOut(): boolean {
    return this.#deadline?.aborted === true;
  }

  /** Things done at a time. @param fallback when nobody says. */
  jobs(fallback: number): number {
    return this.settings.jobs ?? fallback;
  }

  /** Finds mistakes that would otherwise be found when the work is done. @throws {TemplateError} @throws {CommandFailure} */
  async check(): Promise<void> {
    const { kind } = this.format;
    if (this.tellsRecords && kind !== "text" && kind !== "json")
      throw new CommandFailure(EXIT_CODE.usage, `cannot use --progress json with --format ${kind}: its last line is the result as JSON`);
    await checkFormat(this.format);
    const { traceFile } = this.settings;
    const files = traceFile === undefined ? this.#lastFiles : [...this.#lastFiles, ["trace-http", traceFile] as const];
    for (const [flag, path] of files) {
      const { checkWritable } = await import("../output/check-writable.ts");
      await checkWritable(flag, path);
    }
  }

  /**
   * Writes a result to standard output, or where that has content to standard error, as `--format` says; behind JSON lines of progress as one more of them, where they go. What registries said about
   * how much may be asked of them stands in it as `rateLimits`.
   */
  async print({ data, ...rest }: Result): Promise<void> {
    const result = { ...rest, data: this.#withLimits(data) };
    if (this.tellsRecords) this.#results.write(`${JSON.stringify({ type: "result", ...asObject(result.data) })}\n`);
    else await printResult(this.#results, this.format, result);
  }

  /**
   * Says a failure on standard error; behind JSON lines of progress as one more of them, too.
   *
   * @param usage how the command is used, for who used it wrongly.
   */
  fail(report: ErrorReport, usage: string): void {
    const { stderr } = this.io;
    if (!this.tellsRecords || this.#results !== stderr) printError(stderr, report, this.format.kind === "json", usage);
    if (this.tellsRecords) printErrorRecord(this.#results, report);
  }

  /** Leaves standard output to content: what else would go there goes to standard error. */
  leaveStdout(): void {
    this.#stdoutIsData = true;
  }

  /** Where results and JSON lines go. */
  get #results(): OutputStream {
    return this.#stdoutIsData ? this.io.stderr : this.io.stdout;
  }

  /**
   * Opens the view of how the work goes.
   *
   * @param options.stdoutIsData whether content goes to standard output.
   */
  async openView({ stdoutIsData = false }: { readonly stdoutIsData?: boolean } = {}): Promise<ProgressView> {
    const { progress: mode, quiet, debug: isNoisy } = this.settings;
    if (stdoutIsData) this.leaveStdout();
    const { openView } = await import("../progress/open-view.ts");
    this.#view = openView({ io: this.io, mode, quiet, isNoisy, stdoutIsData });
    return this.#view;
  }

  /** A person at a terminal learns why nothing happens, also where no progress is shown. */
  #tellWait(wait: RateWait): void {
    if (this.#view?.tell(wait) === true || wait.delayMs < WORTH_TELLING_MS) return;
    if (this.#isWatched) this.say(`berth: ${oneLine(waitText(wait))}`);
  }

  get #isWatched(): boolean {
    return this.io.stderr.isTTY === true && this.settings.progress !== "none";
  }

  #withLimits(data: unknown): unknown {
    const { limits } = this.rates;
    if (limits.length === 0 || typeof data !== "object" || data === null || Array.isArray(data)) return data;
    return { ...data, rateLimits: limits };
  }

  /** Says something to a person, on standard error; not with `--quiet`. */
  say(text: string): void {
    if (!this.settings.quiet) this.io.stderr.write(`${text}\n`);
  }

  /** Says something to a person who waits for longer than a moment until all is closed. */
  sayIfSlow(text: string): void {
    this.#notice ??= setTimeout(() => this.say(text), WORTH_TELLING_MS);
  }

  /** Says to a person at a terminal what is waited for, when that takes longer than a moment. @returns what to call when it came. */
  tellIfSlow(text: string): () => void {
    const timer = this.#isWatched ? setTimeout(() => this.say(text), WORTH_TELLING_MS) : undefined;
    return () => clearTimeout(timer);
  }

  /** Closes what was opened, and says what registries warned of. */
  async close(): Promise<void> {
    await this.connections.close().finally(() => clearTimeout(this.#notice));
    this.warnings.flush(this.io.stderr);
  }
}

function asObject(data: unknown): object {
  return typeof data === "object" && data !== null && !Array.isArray(data) ? data : { value: data };
}

/** The same world with another signal. Streams are looked at when they are wanted: to open standard input takes longer than most verbs need. */
function withSignal(io: CommandIo, signal: AbortSignal): CommandIo {
  return {
    get stdin() {
      return io.stdin;
    },
    get stdout() {
      return io.stdout;
    },
    get stderr() {
      return io.stderr;
    },
    env: io.env,
    signal,
  };
}
