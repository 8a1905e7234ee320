import type { LogFields, LogLevel } from "./log.ts";

/** Turns lines into bytes of one format. Levels that are off never get here. */
export interface LogSink {
  /** Writes one line; `fields` go before those of the sink. */
  line(level: LogLevel, message: string, fields: LogFields | undefined): void;
  /** A sink whose lines also carry `fields`. */
  child(fields: LogFields): LogSink;
}

/** Levels as logrus spells them. */
export const LEVEL_NAMES: Readonly<Record<LogLevel, string>> = { debug: "debug", info: "info", warn: "warning", error: "error" };
