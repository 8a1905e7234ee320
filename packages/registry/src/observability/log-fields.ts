import { BerthError } from "@berth/oci";
import type { LogFields } from "./log.ts";

/** Values under these names never reach a log, wherever they come from. */
const SECRET_FIELD = /(?:^|\.)(?:authorization|cookie|password|secret|token)$/i;

const SECRET_QUERY = /([?&;](?:_state|[a-z_]*token|password|secret|code|sig|[a-z-]*signature|[a-z-]*credential)=)[^&#;]*/gi;

const REDACTED = "[redacted]";

/** Takes the values of secrets out of a URL's query and of its user part; the rest stays as sent. */
export function redactUri(uri: string): string {
  const bare = uri.includes("@") ? uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${REDACTED}@`) : uri;
  return bare.includes("=") ? bare.replace(SECRET_QUERY, `$1${REDACTED}`) : bare;
}

/** What a field's value looks like in a log: no secret, errors as text, the rest as it is. */
export function loggedValue(name: string, value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  if (SECRET_FIELD.test(name)) return REDACTED;
  if (typeof value === "string" && (name.endsWith(".uri") || name.endsWith(".url") || name.endsWith(".referer"))) return redactUri(value);
  return typeof value === "bigint" ? String(value) : value;
}

/** Fields ready to be written; names that a line itself uses move under `fields.`, as logrus has it. */
export function loggedFields(fields: LogFields, reserved: ReadonlySet<string>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value !== undefined) out[reserved.has(name) ? `fields.${name}` : name] = loggedValue(name, value);
  }
  return out;
}

/** A field's value as JSON. What has none, such as something that holds itself, is named as that: saying a thing never fails. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part)) ?? "null";
  } catch {
    return '"[not to be written as JSON]"';
  }
}

/** An error with its causes. Ours are told by code; for others the stack says where to look. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  while (current !== undefined && current !== null && parts.length < 5) {
    if (BerthError.is(current)) parts.push(`${current.name} ${current.code}: ${current.message}`);
    else if (current instanceof Error) parts.push(current.stack ?? `${current.name}: ${current.message}`);
    else parts.push(typeof current === "string" ? current : "a value that is no error was thrown");
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join("; caused by: ");
}
