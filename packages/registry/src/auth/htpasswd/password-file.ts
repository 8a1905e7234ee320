import { readFile, stat } from "node:fs/promises";
import type { Logger } from "../../observability/log.ts";
import { HtpasswdError } from "./errors.ts";
import { bcryptCost, type HtpasswdEntry, parseHtpasswd } from "./parse.ts";

/** The users as they were when the file was last read. */
export interface PasswordList {
  readonly entries: ReadonlyMap<string, HtpasswdEntry>;
  /** A hash that nothing matches, as costly to check as the dearest in the file: for users who do not exist. */
  readonly decoy: string;
}

/** A password file that is read again when it changes (V2). */
export class PasswordFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #freshForMs: number;
  readonly #now: () => number;
  #list: PasswordList | undefined;
  #version = "";
  #checkedAt = Number.NEGATIVE_INFINITY;
  #pending: Promise<PasswordList> | undefined;

  /** `freshForMs`: how long an answer of the file system is believed; `now` in milliseconds. */
  constructor(path: string, options: { readonly logger: Logger; readonly freshForMs: number; readonly now: () => number }) {
    this.#path = path;
    this.#logger = options.logger;
    this.#freshForMs = options.freshForMs;
    this.#now = options.now;
  }

  /** @throws {HtpasswdError} when the file is gone, cannot be read or has a malformed line: then nobody gets in. */
  async current(): Promise<PasswordList> {
    if (this.#list !== undefined && this.#now() - this.#checkedAt < this.#freshForMs) return this.#list;
    // Requests that come together share one look.
    this.#pending ??= this.#look().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  async #look(): Promise<PasswordList> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const version = `${mtimeMs}:${size}:${ino}`;
      if (this.#list === undefined || version !== this.#version) {
        this.#list = this.#read(await readFile(this.#path, "utf8"));
        this.#version = version;
      }
      this.#checkedAt = this.#now();
      return this.#list;
    } catch (error) {
      this.#list = undefined;
      throw error instanceof HtpasswdError ? error : new HtpasswdError(this.#path, "it cannot be read", { cause: error });
    }
  }

  #read(text: string): PasswordList {
    const entries = parseHtpasswd(text, this.#path);
    let cost = 5;
    for (const [user, { hash, line }] of entries) {
      if (hash === undefined) this.#logger.warn("htpasswd entry is not a bcrypt hash and never matches", { "auth.user.name": user, line });
      else cost = Math.max(cost, bcryptCost(hash) ?? 0);
    }
    return { entries, decoy: `$2b$${String(cost).padStart(2, "0")}$${".".repeat(53)}` };
  }
}
