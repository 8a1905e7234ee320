import type { LogFields, Logger, LogLevel } from "../observability/log.ts";

/** One line that was logged. */
export interface RecordedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines. */
export interface RecordingLog extends Logger {
  readonly lines: RecordedLine[];
  /** Everything that was said, errors with their messages, for greps. */
  text(): string;
}

/** Keeps every line in memory. */
export function createRecordingLog(): RecordingLog {
  const lines: RecordedLine[] = [];
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields });
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    text: () =>
      lines.map(({ level, message, fields }) => `${level} ${message} ${Object.entries(fields).map(printField).join(" ")}`).join("\n"),
  };
}

function printField([key, value]: [string, unknown]): string {
  if (!(value instanceof Error)) return `${key}=${JSON.stringify(value) ?? ""}`;
  const cause = value.cause instanceof Error ? ` (${value.cause.message})` : "";
  return `${key}=${value.name}: ${value.message}${cause}`;
}
