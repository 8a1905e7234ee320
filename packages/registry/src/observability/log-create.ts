import type { LogFields, Logger, LogLevel } from "./log.ts";
import { JSON_DIALECT, JsonSink, LOGSTASH_DIALECT } from "./log-json.ts";
import type { LogSink } from "./log-sink.ts";
import { TextSink } from "./log-text.ts";

/** What a logger is made of; the first three are `LogConfig`'s. */
export interface CreateLoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default `text`. */
  readonly formatter?: "text" | "json" | "logstash";
  /** Put on every line. */
  readonly fields?: LogFields;
  /** Takes whole lines, each with its newline. */
  readonly write: (line: string) => void;
  /** The clock; default the real one. */
  readonly now?: () => Date;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Makes the logger that `log` in the configuration describes (G2). */
export function createLogger({ level = "info", formatter = "text", fields, write, now = () => new Date() }: CreateLoggerOptions): Logger {
  const sink =
    formatter === "text" ? new TextSink(write, now) : new JsonSink(write, now, formatter === "json" ? JSON_DIALECT : LOGSTASH_DIALECT);
  const bound: LogSink = fields === undefined ? sink : sink.child(fields);
  const least = ORDER.indexOf(level);
  const at = (one: LogLevel): ((message: string, fields?: LogFields) => void) =>
    ORDER.indexOf(one) < least ? off : (message, more) => bound.line(one, message, more);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function off(): void {
  // A level that is off costs this call and nothing else.
}
