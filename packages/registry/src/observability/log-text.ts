import type { LogFields, LogLevel } from "./log.ts";
import { jsonOf, loggedFields } from "./log-fields.ts";
import { LEVEL_NAMES, type LogSink } from "./log-sink.ts";

const RESERVED: ReadonlySet<string> = new Set(["time", "level", "msg"]);

/** Writes logfmt as logrus does: `time="..." level=info msg="..." key=value`, fields sorted by name. */
export class TextSink implements LogSink {
  readonly #write: (line: string) => void;
  readonly #bound: Readonly<Record<string, unknown>>;
  /** The bound fields as text, for the many lines that add none. */
  readonly #tail: string;
  readonly #now: () => Date;

  constructor(write: (line: string) => void, now: () => Date, bound: Readonly<Record<string, unknown>> = {}) {
    this.#write = write;
    this.#now = now;
    this.#bound = bound;
    this.#tail = formatFields(bound);
  }

  line(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const tail = fields === undefined ? this.#tail : formatFields({ ...this.#bound, ...loggedFields(fields, RESERVED) });
    this.#write(`time="${this.#now().toISOString()}" level=${LEVEL_NAMES[level]} msg=${quote(message)}${tail}\n`);
  }

  child(fields: LogFields): TextSink {
    return new TextSink(this.#write, this.#now, { ...this.#bound, ...loggedFields(fields, RESERVED) });
  }
}

function formatFields(fields: Readonly<Record<string, unknown>>): string {
  let out = "";
  for (const name of Object.keys(fields).sort()) out += ` ${name}=${quote(text(fields[name]))}`;
  return out;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? jsonOf(value) : String(value);
}

/** Bare when it is one plain word, else with Go's escapes, so that no value can start a line of its own. */
function quote(value: string): string {
  return /^[\w./@^+-]+$/.test(value)
    ? value
    : JSON.stringify(value).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
