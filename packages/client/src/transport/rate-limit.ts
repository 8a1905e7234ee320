import { headerValue, type ResponseHeaders } from "./transport.ts";

/** What a registry says about how much may still be asked of it. Whatever it does not say is absent. */
export interface RateLimit {
  /** Requests within the window. */
  readonly limit?: number;
  /** Requests that are left. */
  readonly remaining?: number;
  /** Seconds that the limit is for. */
  readonly windowSeconds?: number;
  /** Seconds until the window ends. */
  readonly resetSeconds?: number;
  /** Whom the limit is for, as Docker Hub says it: an address, or a user's id. */
  readonly source?: string;
}

/** Seconds since 1970 rather than seconds from now: nobody waits for 30 years. */
const LOOKS_LIKE_A_DATE = 1_000_000_000;

/**
 * Reads the limits from the headers of an answer, in any of the forms that are about: `RateLimit-Limit: 100;w=21600` as Docker Hub sends
 * it, `RateLimit: "default";r=50;t=30` with `RateLimit-Policy`, `X-RateLimit-Limit`. Undefined when there are none.
 *
 * @param now milliseconds since 1970; default the current time
 * @see draft-ietf-httpapi-ratelimit-headers
 */
export function parseRateLimit(headers: ResponseHeaders, now: number = Date.now()): RateLimit | undefined {
  const field = (...names: readonly string[]): Field =>
    read(names.map((name) => headerValue(headers, name)).find((value) => value !== undefined));
  const limit = field("ratelimit-limit", "x-ratelimit-limit");
  const remaining = field("ratelimit-remaining", "x-ratelimit-remaining");
  const reset = field("ratelimit-reset", "x-ratelimit-reset").value;
  const policy = field("ratelimit-policy");
  const state = field("ratelimit");
  const source = headerValue(headers, "docker-ratelimit-source");
  const until = reset !== undefined && reset > LOOKS_LIKE_A_DATE ? Math.max(0, Math.ceil(reset - now / 1000)) : reset;
  const found = {
    limit: limit.value ?? policy.parameters.get("q") ?? policy.value,
    remaining: remaining.value ?? state.parameters.get("r"),
    windowSeconds: limit.parameters.get("w") ?? remaining.parameters.get("w") ?? policy.parameters.get("w"),
    resetSeconds: until ?? state.parameters.get("t"),
  };
  const known = Object.entries(found).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : { ...Object.fromEntries(known), ...(source !== undefined && { source }) };
}

interface Field {
  readonly value: number | undefined;
  readonly parameters: ReadonlyMap<string, number>;
}

/** The first member of a list: a number or a name, then `;key=number`. */
function read(text: string | undefined): Field {
  const [value = "", ...rest] = (text?.split(",", 1)[0] ?? "").split(";");
  const parameters = new Map<string, number>();
  for (const part of rest) {
    const [, key = "", number] = /^\s*([a-z][a-z0-9_-]*)\s*=\s*(\d{1,15})\s*$/i.exec(part) ?? [];
    if (number !== undefined) parameters.set(key.toLowerCase(), Number(number));
  }
  return { value: /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : undefined, parameters };
}
