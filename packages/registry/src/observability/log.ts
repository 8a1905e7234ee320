/** How much is said: `debug` says most. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line carries beside its message. Keys are dotted names (`http.request.id`). */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Says what happens, one structured line at a time. A level that is off costs one call of an empty function,
 * so callers may log freely but should not build costly fields without asking `enabled`.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether lines of this level are written at all. */
  enabled(level: LogLevel): boolean;
  /** A logger whose lines also carry `fields`. */
  child(fields: LogFields): Logger;
}

/** Says nothing: for tests, and for embedding without logs. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  enabled: () => false,
  child: () => silentLogger,
};

function nothing(): void {
  // A level that is off.
}
