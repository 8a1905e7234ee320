import { MANIFEST_MEDIA_TYPES } from "@berth/oci";
import type { StorageDriver } from "@berth/storage";
import { createMemoryDriver } from "@berth/storage/memory";
import { onTestFinished } from "vitest";
import { BlobContent } from "../domain/blob-content.ts";
import type { DomainContext, DomainLimits } from "../domain/context.ts";
import { openSqliteMetadata } from "../metadata/index.ts";
import type { MetadataStore } from "../metadata/store.ts";
import { BackgroundTasks } from "../observability/background.ts";

/** Parts that a test hands in; the rest is in memory. */
export interface ContextParts {
  readonly storage?: StorageDriver;
  readonly metadata?: MetadataStore;
  readonly limits?: Partial<DomainLimits>;
}

/** What the domain works with, without HTTP around it, until the running test ends. */
export async function useContext({ storage = createMemoryDriver(), metadata, limits }: ContextParts = {}): Promise<DomainContext> {
  const store = metadata ?? (await openSqliteMetadata({ path: ":memory:" }));
  const background = new BackgroundTasks(() => undefined);
  onTestFinished(async () => {
    await background.drain();
    await store.close();
    await storage.close?.();
  });
  return {
    metadata: store,
    content: new BlobContent(storage, { cacheBytes: 1 << 20 }),
    policy: { acceptedMediaTypes: MANIFEST_MEDIA_TYPES, acceptSchema1: false, allowMissing: false, requiredChildren: "all", urls: {} },
    limits: {
      maxBlobBytes: Number.MAX_SAFE_INTEGER,
      maxManifestBytes: 4 << 20,
      maxTagsPerPush: 100,
      uploadTtlMs: 3_600_000,
      uploadLeaseMs: 30_000,
      maxReferrers: 100,
      ...limits,
    },
    deleteEnabled: true,
    background,
  };
}

/** A body that comes piece by piece, as the test says. */
export class SteeredBody implements AsyncIterable<Uint8Array> {
  readonly #queue: (Uint8Array | Error | undefined)[] = [];
  #wake: (() => void) | undefined;
  #started = Promise.withResolvers<void>();

  /** Resolves when somebody waits for more than was given. */
  get drained(): Promise<void> {
    return this.#started.promise;
  }

  give(...pieces: readonly (Uint8Array | string)[]): void {
    this.#started = Promise.withResolvers<void>();
    this.#queue.push(...pieces.map((piece) => Buffer.from(piece)));
    this.#wake?.();
  }

  end(): void {
    this.#queue.push(undefined);
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#queue.push(error);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#queue.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        this.#started.resolve();
        await promise;
      }
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next instanceof Error) throw next;
      yield next;
    }
  }
}
