import type { LogFields, LogLevel } from "./log.ts";
import { jsonOf, loggedFields } from "./log-fields.ts";
import { LEVEL_NAMES, type LogSink } from "./log-sink.ts";

/** Names of the parts of a JSON line. */
interface JsonDialect {
  readonly messageKey: string;
  readonly stamp: (now: Date) => LogFields;
  readonly reserved: ReadonlySet<string>;
}

/** `json`: `level`, `msg` and `time`. */
export const JSON_DIALECT: JsonDialect = {
  messageKey: "msg",
  stamp: (now) => ({ time: now.toISOString() }),
  reserved: new Set(["time", "level", "msg"]),
};

/** `logstash`: `@timestamp`, `@version`, `level` and `message`. */
export const LOGSTASH_DIALECT: JsonDialect = {
  messageKey: "message",
  stamp: (now) => ({ "@timestamp": now.toISOString(), "@version": "1" }),
  reserved: new Set(["@timestamp", "@version", "level", "message"]),
};

/** Writes one JSON object a line. */
export class JsonSink implements LogSink {
  readonly #write: (line: string) => void;
  readonly #now: () => Date;
  readonly #dialect: JsonDialect;
  readonly #bound: LogFields;

  constructor(write: (line: string) => void, now: () => Date, dialect: JsonDialect, bound: LogFields = {}) {
    this.#write = write;
    this.#now = now;
    this.#dialect = dialect;
    this.#bound = bound;
  }

  line(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const { messageKey, stamp, reserved } = this.#dialect;
    const more = fields === undefined ? {} : loggedFields(fields, reserved);
    const all = { level: LEVEL_NAMES[level], ...stamp(this.#now()), ...this.#bound, ...more, [messageKey]: message };
    // Member by member, so that one that cannot be written takes no other along
    const members = Object.entries(all).map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value)}`);
    this.#write(`{${members.join()}}\n`);
  }

  child(fields: LogFields): JsonSink {
    const bound = { ...this.#bound, ...loggedFields(fields, this.#dialect.reserved) };
    return new JsonSink(this.#write, this.#now, this.#dialect, bound);
  }
}
