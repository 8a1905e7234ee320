import { createHmac, randomBytes } from "node:crypto";
import { verify } from "@node-rs/bcrypt";
import { LRUCache } from "lru-cache";
import type { Logger } from "../../observability/log.ts";
import { PasswordFile, type PasswordList } from "./password-file.ts";
import { provisionHtpasswd } from "./provision.ts";
import { WorkQueue } from "./work-queue.ts";

/** What `createHtpasswdAuthenticator` takes. */
export interface HtpasswdOptions {
  /** The file; made when it is missing. */
  readonly path: string;
  readonly logger: Logger;
  /** Milliseconds between two looks at whether the file changed; default 1000. */
  readonly freshForMs?: number;
  /** Milliseconds that a password which was right needs no bcrypt again; 0 for never; default 60000. */
  readonly rememberForMs?: number;
  /** Passwords checked at a time; default 2, half of Node's threads. */
  readonly maxRunning?: number;
  /** Logins that may wait for their check; default 256. */
  readonly maxWaiting?: number;
  /** The clock in milliseconds; default the real one. */
  readonly now?: () => number;
}

/** Tells whether a password is right. */
export interface HtpasswdAuthenticator {
  /**
   * True when the file has the user with this password. A user who is not there costs as much as one who is.
   *
   * @throws {HtpasswdError} when the file cannot be used.
   * @throws {LoginBusyError} when too many logins wait.
   */
  authenticate(user: string, password: string): Promise<boolean>;
  /** Forgets every password that was right. */
  close(): void;
}

/**
 * Opens a password file (V2, V3).
 *
 * @throws {HtpasswdError} when it cannot be made, cannot be read or has a malformed line.
 */
export async function createHtpasswdAuthenticator(options: HtpasswdOptions): Promise<HtpasswdAuthenticator> {
  const { path, logger, freshForMs = 1000, now = () => performance.now() } = options;
  await provisionHtpasswd(path, logger);
  const file = new PasswordFile(path, { logger, freshForMs, now });
  await file.current();
  return new BcryptAuthenticator(file, options);
}

class BcryptAuthenticator implements HtpasswdAuthenticator {
  readonly #file: PasswordFile;
  readonly #logger: Logger;
  readonly #queue: WorkQueue;
  /** Made anew by each process, so that what is remembered is of no use elsewhere. */
  readonly #secret: Buffer = randomBytes(32);
  readonly #right: LRUCache<string, true> | undefined;
  readonly #pending = new Map<string, Promise<boolean>>();
  #list: PasswordList | undefined;

  constructor(file: PasswordFile, { logger, maxRunning = 2, maxWaiting = 256, rememberForMs = 60_000, now }: HtpasswdOptions) {
    this.#file = file;
    this.#logger = logger;
    this.#queue = new WorkQueue({ maxRunning, maxWaiting });
    if (rememberForMs > 0)
      this.#right = new LRUCache({ max: 4096, ttl: rememberForMs, ...(now === undefined ? {} : { perf: { now } }), ttlResolution: 0 });
  }

  async authenticate(user: string, password: string): Promise<boolean> {
    const list = await this.#file.current();
    if (list !== this.#list) {
      this.#right?.clear();
      this.#list = list;
    }
    const hash = list.entries.get(user)?.hash;
    const key = this.#key(user, password, hash ?? "");
    if (this.#right?.get(key) === true) return true;
    // A client that opens many connections at once logs in with the same password on each: one check does for all.
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const check = this.#check(user, password, hash, list.decoy).finally(() => this.#pending.delete(key));
    this.#pending.set(key, check);
    const right = await check;
    if (right && list === this.#list) this.#right?.set(key, true);
    return right;
  }

  close(): void {
    this.#right?.clear();
  }

  async #check(user: string, password: string, hash: string | undefined, decoy: string): Promise<boolean> {
    const matches = await this.#queue.run(() => verify(password, hash ?? decoy));
    const right = matches && hash !== undefined;
    if (!right) this.#logger.info("user failed to authenticate", { "auth.user.name": user.slice(0, 128) });
    return right;
  }

  #key(user: string, password: string, hash: string): string {
    return createHmac("sha256", this.#secret).update(`${user.length}:${user}${password.length}:${password}${hash}`).digest("base64");
  }
}
