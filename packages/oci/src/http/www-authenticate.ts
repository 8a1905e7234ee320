import { fieldValues, type HeaderFields, Scanner } from "./scanner.ts";

/** One way to authenticate that a server offers. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By lower-case name; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Data that stands in place of parameters, as `Negotiate` has it. */
  readonly token68?: string;
}

/** Schemes that may stand without parameters behind a comma. Any other lone word there is a broken parameter. */
const BARE_SCHEMES: ReadonlySet<string> = new Set([
  "basic",
  "bearer",
  "concealed",
  "digest",
  "dpop",
  "gnap",
  "hoba",
  "mutual",
  "negotiate",
  "ntlm",
  "oauth",
  "privatetoken",
  "scram-sha-1",
  "scram-sha-256",
  "vapid",
]);

/**
 * Parses `WWW-Authenticate` headers: several fields, several challenges in a field, unquoted values, space around `=`.
 * At the first malformed parameter a field is over; what was read of it is kept.
 *
 * @see RFC 9110, section 11.6.1
 */
export function parseChallenges(fields: HeaderFields): readonly Challenge[] {
  return fieldValues(fields).flatMap(parseField);
}

function parseField(value: string): readonly Challenge[] {
  const scanner = new Scanner(value);
  const challenges: Challenge[] = [];
  scanner.skipSeparators();
  let scheme = scanner.takeToken().toLowerCase();
  while (scheme !== "") {
    const parameters = new Map<string, string>();
    const token68 = takeToken68(scanner);
    challenges.push({ scheme, parameters, ...(token68 !== undefined && { token68 }) });
    scheme = takeParameters(scanner, parameters);
  }
  return challenges;
}

/** Fills `parameters` and returns the scheme of the challenge that follows; "" when the field is over. */
function takeParameters(scanner: Scanner, parameters: Map<string, string>): string {
  for (;;) {
    scanner.skipSeparators();
    const word = scanner.takeToken().toLowerCase();
    if (word === "") return "";
    const spaced = scanner.skipSpace();
    if (scanner.take("=")) {
      scanner.skipSpace();
      const quoted = scanner.takeQuoted();
      const value = quoted ?? takeBareValue(scanner);
      if (value === "" && quoted === undefined) return ""; // `a=` has no value, `a=""` an empty one
      if (!parameters.has(word)) parameters.set(word, value);
      scanner.skipSpace();
      if (!scanner.done && scanner.next !== ",") return "";
    } else if (scanner.done || scanner.next === "," ? BARE_SCHEMES.has(word) : spaced) {
      return word;
    } else return "";
  }
}

function takeBareValue(scanner: Scanner): string {
  return scanner.takeWhile((c) => c > 0x20 && c !== 0x2c && c !== 0x22);
}

/** Data such as `abc==` that fills the place of the parameters; leaves the scanner alone when there is none. */
function takeToken68(scanner: Scanner): string | undefined {
  const start = scanner.position;
  if (!scanner.skipSpace()) return undefined;
  const body = scanner.takeWhile(isToken68Code);
  const padding = scanner.takeWhile((c) => c === 0x3d);
  scanner.skipSpace();
  if (body !== "" && (scanner.done || scanner.next === ",")) return body + padding;
  scanner.position = start;
  return undefined;
}

function isToken68Code(c: number): boolean {
  if ((c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x2d && c <= 0x39)) return true; // 0x2d..0x39: - . / 0-9
  return c === 0x2b || c === 0x5f || c === 0x7e;
}

/** Writes a challenge; every value is quoted. Parameters that are undefined are left out. */
export function formatChallenge(scheme: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${quote(value)}`]));
  return pairs.length === 0 ? scheme : `${scheme} ${pairs.join(",")}`;
}

/** What a `Bearer` challenge of a registry says. */
export interface BearerChallenge {
  /** Address of the token server. */
  readonly realm: string;
  /** What the token server calls the registry; left out of the challenge when absent. */
  readonly service?: string;
  /** Space-separated; see `formatScopes`. */
  readonly scope?: string;
  /** Why the token that came was refused; leave it out when none came. */
  readonly error?: "invalid_token" | "insufficient_scope";
}

/** Writes the challenge of a registry with token authentication, its members in the order of the reference implementation. */
export function formatBearerChallenge({ realm, service, scope, error }: BearerChallenge): string {
  return formatChallenge("Bearer", { realm, service, scope: scope === "" ? undefined : scope, error });
}

function quote(value: string): string {
  return `"${value.replace(/[\x00-\x1f\x7f]/g, " ").replace(/["\\]/g, "\\$&")}"`;
}
