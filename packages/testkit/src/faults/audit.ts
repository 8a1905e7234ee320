import { call } from "./call.ts";
import { type Presence, type RepositoryLedger, sha256 } from "./ledger.ts";

/** What an audit found. */
export interface Audit {
  /** Blobs and manifests read whole. */
  readonly read: number;
  /** What was acknowledged and is not so, in words. */
  readonly losses: readonly string[];
}

/** Objects looked at together. */
const PARALLEL = 16;

/**
 * Compares a registry with ledgers, over HTTP: what was acknowledged pulls whole, what was deleted is gone, every tag has its manifest and
 * every manifest its blobs. What was unsure is settled in the ledger by what is there. The writers must be at rest.
 */
export class Auditor {
  readonly #url: string;
  readonly #losses: string[] = [];
  #read = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** @param skip blobs and manifests that need not be read this time, as `<repository>@<digest>` */
  async audit(ledgers: readonly RepositoryLedger[], skip: ReadonlySet<string> = new Set()): Promise<Audit> {
    for (const ledger of ledgers) {
      const fresh = ([digest, presence]: readonly [string, Presence]): boolean =>
        presence === "unsure" || !skip.has(`${ledger.name}@${digest}`);
      await inParallel([...ledger.blobs].filter(fresh), ([digest, presence]) => this.#blob(ledger, digest, presence));
      await inParallel([...ledger.manifests].filter(fresh), ([digest, presence]) => this.#manifest(ledger, digest, presence));
      for (const [tag, targets] of ledger.tags) await this.#tag(ledger, tag, targets);
      await this.#tagList(ledger);
    }
    return { read: this.#read, losses: this.#losses };
  }

  async #blob(ledger: RepositoryLedger, digest: string, presence: Presence): Promise<void> {
    const { status, body } = await call(`${this.#url}/v2/${ledger.name}/blobs/${digest}`);
    const whole = status === 200 && sha256(body) === digest;
    this.#settle(`blob ${ledger.name}@${digest}`, presence, status, whole);
    if (presence === "unsure") ledger.blobs.set(digest, whole ? "there" : "gone");
  }

  async #manifest(ledger: RepositoryLedger, digest: string, presence: Presence): Promise<void> {
    const { status, body } = await call(`${this.#url}/v2/${ledger.name}/manifests/${digest}`);
    const content = ledger.contents.get(digest);
    const whole = status === 200 && content?.payload.equals(body) === true;
    this.#settle(`manifest ${ledger.name}@${digest}`, presence, status, whole);
    if (presence === "unsure") ledger.manifests.set(digest, whole ? "there" : "gone");
    if (!whole) return;
    for (const blob of content.blobs) {
      const head = await call(`${this.#url}/v2/${ledger.name}/blobs/${blob}`, { method: "HEAD" });
      if (head.status !== 200) this.#losses.push(`manifest ${ledger.name}@${digest} lacks its blob ${blob}: ${head.status}`);
    }
  }

  #settle(what: string, presence: Presence, status: number, whole: boolean): void {
    if (whole) this.#read += 1;
    if (status === 200 && !whole) this.#losses.push(`${what} has other bytes`);
    else if (presence === "there" && !whole) this.#losses.push(`${what} was acknowledged: ${status}`);
    else if (presence === "gone" && status !== 404) this.#losses.push(`${what} was deleted: ${status}`);
    else if (status !== 200 && status !== 404) this.#losses.push(`${what}: ${status}`);
  }

  async #tag(ledger: RepositoryLedger, tag: string, targets: Set<string | undefined>): Promise<void> {
    const { status, body } = await call(`${this.#url}/v2/${ledger.name}/manifests/${tag}`);
    const found = status === 200 ? sha256(body) : undefined;
    if (status !== 200 && status !== 404) this.#losses.push(`tag ${ledger.name}:${tag}: ${status}`);
    if (!targets.has(found))
      this.#losses.push(`tag ${ledger.name}:${tag} points at ${found ?? "nothing"}, not at ${[...targets].join(" or ")}`);
    ledger.tags.set(tag, new Set([found]));
  }

  /** No tag without a manifest. */
  async #tagList(ledger: RepositoryLedger): Promise<void> {
    const { status, body } = await call(`${this.#url}/v2/${ledger.name}/tags/list`);
    if (status === 404) return;
    const listed = [...body.toString("utf8").matchAll(/"(latest|v1|v2|edge)"/g)].map(([, tag]) => tag).join();
    const known = [...ledger.tags]
      .filter(([, targets]) => !targets.has(undefined))
      .map(([tag]) => tag)
      .sort()
      .join();
    if (listed !== known) this.#losses.push(`tags of ${ledger.name} are [${listed}], not [${known}]`);
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
