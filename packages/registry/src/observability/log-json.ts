import { type Logger as PinoLogger, pino } from "pino";
import type { LogFields, LogLevel } from "./log.ts";
import { loggedFields } from "./log-fields.ts";
import { LEVEL_NAMES, type LogSink } from "./log-sink.ts";

/** Names of the parts of a JSON line. */
interface JsonDialect {
  readonly messageKey: string;
  readonly timestamp: (now: Date) => string;
  readonly reserved: ReadonlySet<string>;
}

/** `json`: `level`, `msg` and `time`. */
export const JSON_DIALECT: JsonDialect = {
  messageKey: "msg",
  timestamp: (now) => `,"time":"${now.toISOString()}"`,
  reserved: new Set(["time", "level", "msg"]),
};

/** `logstash`: `@timestamp`, `@version`, `level` and `message`. */
export const LOGSTASH_DIALECT: JsonDialect = {
  messageKey: "message",
  timestamp: (now) => `,"@timestamp":"${now.toISOString()}","@version":"1"`,
  reserved: new Set(["@timestamp", "@version", "level", "message"]),
};

/** Writes one JSON object a line, through pino. */
export class JsonSink implements LogSink {
  readonly #pino: PinoLogger;
  readonly #dialect: JsonDialect;

  private constructor(logger: PinoLogger, dialect: JsonDialect) {
    this.#pino = logger;
    this.#dialect = dialect;
  }

  static create(write: (line: string) => void, now: () => Date, dialect: JsonDialect): JsonSink {
    const logger = pino(
      {
        level: "debug",
        base: null,
        messageKey: dialect.messageKey,
        timestamp: () => dialect.timestamp(now()),
        formatters: { level: (label) => ({ level: isLevel(label) ? LEVEL_NAMES[label] : label }) },
      },
      { write },
    );
    return new JsonSink(logger, dialect);
  }

  line(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (fields === undefined) this.#pino[level](message);
    else this.#pino[level](loggedFields(fields, this.#dialect.reserved), message);
  }

  child(fields: LogFields): JsonSink {
    return new JsonSink(this.#pino.child(loggedFields(fields, this.#dialect.reserved)), this.#dialect);
  }
}

function isLevel(label: string): label is LogLevel {
  return Object.hasOwn(LEVEL_NAMES, label);
}
