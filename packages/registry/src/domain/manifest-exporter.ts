import { CANONICAL_ALGORITHM, digestAlgorithm } from "@berth/oci";
import type { Logger } from "../observability/log.ts";
import type { DomainContext } from "./context.ts";
import { blobPath } from "./layout.ts";

const BATCH = 32;
/** Between two batches, so that a flood of pushes has the disk for itself; in milliseconds. */
const BUSY_PAUSE_MS = 50;
const IDLE_PAUSE_MS = 5_000;

/**
 * Copies manifest bytes from metadata to blob storage, where the reference registry looks for them. Metadata is the truth, so this
 * runs behind the pushes; what a crash interrupts is done after the next start.
 */
export class ManifestExporter {
  readonly #context: DomainContext;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(context: DomainContext, log: Logger) {
    this.#context = context;
    this.#log = log;
    this.#schedule(BUSY_PAUSE_MS);
  }

  /** Starts nothing more, and waits for what runs. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#tick();
    }, delayMs).unref();
  }

  async #tick(): Promise<void> {
    let more = false;
    try {
      more = await this.#exportBatch();
    } catch (error) {
      this.#log.warn("cannot copy manifests to blob storage, trying again later", { error });
    }
    this.#schedule(more ? BUSY_PAUSE_MS : IDLE_PAUSE_MS);
  }

  /** True when more may wait. */
  async #exportBatch(): Promise<boolean> {
    const { metadata, content } = this.#context;
    const manifests = await metadata.listUnexportedManifests(BATCH);
    for (const { digest, payload } of manifests) {
      // The reference finds manifests by their canonical digest only; one that was pushed under another is no use to it.
      if (digestAlgorithm(digest) === CANONICAL_ALGORITHM) await content.driver.putContent(blobPath(digest), payload);
    }
    if (manifests.length > 0) await metadata.markExported(manifests.map(({ id }) => id));
    return manifests.length === BATCH;
  }
}
