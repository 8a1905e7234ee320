import { HtpasswdError } from "./errors.ts";

/** One user of the file. */
export interface HtpasswdEntry {
  /** The bcrypt hash; undefined for another kind of hash, which never matches. */
  readonly hash: string | undefined;
  /** From 1. */
  readonly line: number;
}

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/**
 * Reads a password file (V2): `user:hash` lines; `#` and blank lines are skipped, the last line of a user counts.
 *
 * @throws {HtpasswdError} with the number of a line without a colon. The line itself is not quoted: it may be a password.
 */
export function parseHtpasswd(text: string, path: string): ReadonlyMap<string, HtpasswdEntry> {
  const entries = new Map<string, HtpasswdEntry>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    if (colon < 0) throw new HtpasswdError(path, "expected user:hash", { line: index + 1 });
    const hash = line.slice(colon + 1);
    entries.set(line.slice(0, colon), { hash: bcryptCost(hash) === undefined ? undefined : hash, line: index + 1 });
  }
  return entries;
}

/** The cost factor of a bcrypt hash; undefined when it is no bcrypt hash. */
export function bcryptCost(hash: string): number | undefined {
  const cost = Number(BCRYPT.exec(hash)?.[1]);
  return cost >= 4 && cost <= 31 ? cost : undefined;
}
