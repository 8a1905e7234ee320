import { unlessAborted } from "@berth/oci/node";
import { wholeNumber } from "../number-option.ts";
import type { Credential, CredentialSource, CredentialTarget } from "./credential.ts";

/** Options of {@link refreshingCredentials}. */
export interface RefreshingCredentialsOptions {
  /** Milliseconds that an answer, also "nobody", is kept; default 300,000 (5 minutes). Infinity: for ever. */
  readonly ttlMs?: number;
  /** Answers that are kept; the oldest go first; default 1,000, `Infinity`: no limit. */
  readonly maxEntries?: number;
  /** Milliseconds of a clock that never goes back; default `performance.now`. */
  readonly now?: () => number;
}

interface Entry {
  readonly found: Promise<Credential | undefined>;
  readonly at: number;
}

/**
 * Keeps what a source found for a while, so that helpers and files are not asked for each request. Callers who ask at the same time share
 * one look-up; one that fails is not kept. The counterpart of ggcr's `RefreshingKeychain`.
 *
 * The look-up itself runs without the callers' signals, since it serves all of them: a caller who gives up stops waiting.
 *
 * @throws {RangeError} on a number that is none. The source @throws whatever `source` does.
 */
export function refreshingCredentials(source: CredentialSource, options: RefreshingCredentialsOptions = {}): CredentialSource {
  const { now = () => performance.now() } = options;
  const ttlMs = wholeNumber("ttlMs", options.ttlMs, 300_000, { orInfinity: true });
  const maxEntries = wholeNumber("maxEntries", options.maxEntries, 1000, { orInfinity: true });
  const entries = new Map<string, Entry>();
  const lookUp = (target: CredentialTarget): Promise<Credential | undefined> => {
    const key = JSON.stringify([target.registry, target.repository, target.purpose]);
    const kept = entries.get(key);
    if (kept !== undefined && now() - kept.at < ttlMs) return kept.found;
    const entry: Entry = { found: source(target), at: now() };
    entries.delete(key);
    entries.set(key, entry);
    const [oldest = key] = entries.keys();
    if (entries.size > maxEntries) entries.delete(oldest);
    entry.found.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    return entry.found;
  };
  return async (target, { signal } = {}) => {
    signal?.throwIfAborted();
    return await unlessAborted(lookUp(target), signal);
  };
}
