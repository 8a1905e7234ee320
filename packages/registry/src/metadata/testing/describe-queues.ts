import { describe, expect } from "vitest";
import { digestOf, manifestInput, pushBlob, reference, referrerInput, REPOSITORY } from "./fixtures.ts";
import { type Bench, type BenchTest, GRACE_MS } from "./metadata-harness.ts";

const BLOBS =
  "SELECT b.canonical AS digest, q.review_after, q.reason FROM gc_blob_queue q JOIN blobs b ON b.id = q.blob_id ORDER BY q.blob_id";
const MANIFESTS =
  "SELECT m.digest, q.review_after, q.reason FROM gc_manifest_queue q JOIN manifests m ON m.id = q.manifest_id ORDER BY q.manifest_id";

async function queued({ rows }: Bench, sql: string): Promise<(readonly [unknown, unknown, unknown])[]> {
  return (await rows(sql)).map((row) => [row["digest"], row["review_after"], row["reason"]] as const);
}

/** What is left for the collector to look at, and when. */
export function describeQueues(test: BenchTest): void {
  describe("queues of the collector", () => {
    const layer = digestOf("layer");

    test("[server/SQ20,SQ9] a pushed blob is looked at after the grace; each push puts that off, never forward", async (bench) => {
      const { store, clock } = bench;
      const start = clock.now;
      await pushBlob(store, "layer");
      expect(await queued(bench, BLOBS)).toEqual([[layer, start + GRACE_MS, "pushed"]]);
      clock.now = start + 10;
      await pushBlob(store, "layer", { repository: "other" });
      expect(await queued(bench, BLOBS)).toEqual([[layer, start + 10 + GRACE_MS, "pushed"]]);
      clock.now = start + 5;
      await store.unlinkBlob("other", layer);
      expect(await queued(bench, BLOBS)).toEqual([[layer, start + 10 + GRACE_MS, "pushed"]]);
    });

    test("[server/SQ23] a mount and a lost link have the blob looked at", async (bench) => {
      const { store, clock, change } = bench;
      await pushBlob(store, "layer");
      await change("DELETE FROM gc_blob_queue");
      await store.mountBlob({ repository: "other", from: REPOSITORY, digest: layer });
      expect(await queued(bench, BLOBS)).toEqual([[layer, clock.now + GRACE_MS, "mounted"]]);
      await change("DELETE FROM gc_blob_queue");
      await store.unlinkBlob(REPOSITORY, layer);
      expect(await queued(bench, BLOBS)).toEqual([[layer, clock.now + GRACE_MS, "unlinked"]]);
    });

    test("[server/SQ22,SQ23] a manifest is looked at when a tag leaves it, or when it never had one", async (bench) => {
      const { store, clock, change } = bench;
      await store.putManifest(manifestInput("m1", { tags: ["t"] }));
      expect(await queued(bench, MANIFESTS)).toEqual([]);
      await store.putManifest(manifestInput("m2", { tags: ["t"] }));
      expect(await queued(bench, MANIFESTS)).toEqual([[digestOf("m1"), clock.now + GRACE_MS, "retagged"]]);
      await change("DELETE FROM gc_manifest_queue");
      await store.deleteTag(REPOSITORY, "t");
      await store.putManifest(manifestInput("m3"));
      expect(await queued(bench, MANIFESTS)).toEqual([
        [digestOf("m2"), clock.now + GRACE_MS, "untagged"],
        [digestOf("m3"), clock.now + GRACE_MS, "pushed"],
      ]);
    });

    test("[server/SQ23] deleting a manifest has its blobs, children and referrers looked at, and not itself", async (bench) => {
      const { store, clock, change } = bench;
      await pushBlob(store, "layer");
      await pushBlob(store, "unrelated");
      await store.putManifest(manifestInput("child", { tags: ["child"] }));
      const references = [reference(layer), reference(layer), reference(digestOf("child"), { kind: "child" })];
      await store.putManifest(manifestInput("m", { references }));
      await store.putManifest(referrerInput("referrer", digestOf("m"), { tags: ["referrer"] }));
      await change("DELETE FROM gc_blob_queue");
      await store.deleteManifest(REPOSITORY, digestOf("m"));
      const due = clock.now + GRACE_MS;
      expect(await queued(bench, BLOBS)).toEqual([[layer, due, "manifest-deleted"]]);
      expect(await queued(bench, MANIFESTS)).toEqual([
        [digestOf("child"), due, "manifest-deleted"],
        [digestOf("referrer"), due, "manifest-deleted"],
      ]);
    });

    test("[server/SQ23] deleting a repository has every blob that it linked looked at", async (bench) => {
      const { store, clock, change } = bench;
      for (let i = 0; i < 120; i++) await pushBlob(store, `layer ${i}`);
      await pushBlob(store, "unrelated", { repository: "other" });
      await change("DELETE FROM gc_blob_queue");
      await store.deleteRepository(REPOSITORY);
      const rows = await queued(bench, BLOBS);
      expect(rows).toHaveLength(120);
      expect(new Set(rows.map(([, due]) => due))).toEqual(new Set([clock.now + GRACE_MS]));
    });
  });
}
