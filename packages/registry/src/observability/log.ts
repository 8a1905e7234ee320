/** How much is said: `debug` says most. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line carries beside its message. Keys are dotted names (`http.request.id`). */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Says what happens, one structured line at a time, at the level that `debug`, `info`, `warn` or `error` names. They must not throw.
 * `console` is one, and so are pino and its like behind four short functions.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Says nothing: for tests, and for embedding without logs. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
};

function nothing(): void {
  // A level that is off.
}
