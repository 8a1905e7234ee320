import { describe, expect } from "vitest";
import { blobInput, digestOf, longDigestOf, manifestInput, pushBlob, readPages, REPOSITORY } from "./fixtures.ts";
import type { BenchTest } from "./metadata-harness.ts";

const KEY = "/blobs/layer";

/** Blobs: placement, links, aliases, and what happens while one is being collected. */
export function describeBlobs(test: BenchTest): void {
  describe("blobs", () => {
    test("[server/SQ20] a committed blob is found by every process, and its upload session is over", async ({ store, other }) => {
      await store.createUpload({ id: "u", repository: REPOSITORY, algorithm: "sha256", storageKey: "/u", ttlMs: 1000 });
      expect(await store.findBlob(REPOSITORY, digestOf("layer"))).toBeUndefined();
      const blob = await pushBlob(store, "layer", { uploadId: "u" });
      expect(blob).toMatchObject({ canonical: digestOf("layer"), size: 5, storageKey: KEY });
      expect(await other.findBlob(REPOSITORY, digestOf("layer"))).toEqual(blob);
      expect(await other.findUpload(REPOSITORY, "u")).toBeUndefined();
      expect(await other.findBlob("other", digestOf("layer"))).toBeUndefined();
    });

    test("[server/SQ2] content pushed as sha512 is found by both digests", async ({ store }) => {
      const canonical = digestOf("layer");
      const alias = longDigestOf("layer");
      await pushBlob(store, "layer", { digest: alias });
      const byAlias = await store.findBlob(REPOSITORY, alias);
      expect(byAlias).toEqual(await store.findBlob(REPOSITORY, canonical));
      expect(byAlias?.canonical).toBe(canonical);
      expect(await store.listBlobs(REPOSITORY, { limit: 10 })).toEqual([alias]);
      await pushBlob(store, "plain");
      expect(await store.findBlob(REPOSITORY, longDigestOf("plain"))).toBeUndefined();
      await pushBlob(store, "plain", { repository: "other", digest: longDigestOf("plain") });
      expect(await store.findBlob(REPOSITORY, longDigestOf("plain"))).toMatchObject({ canonical: digestOf("plain") });
    });

    test("[server/SQ20] committing again changes nothing and needs no copy of the bytes", async ({ store, rows }) => {
      const first = await pushBlob(store, "layer");
      const { placed: _, ...unplaced } = blobInput("layer");
      expect(await store.commitBlob(unplaced)).toEqual({ outcome: "linked", blob: first });
      expect(await store.commitBlob(blobInput("layer", { placed: { storageKey: "/elsewhere", generation: 0 } }))).toEqual({
        outcome: "linked",
        blob: first,
      });
      expect((await rows("SELECT 1 AS one FROM repo_blobs")).length).toBe(1);
    });

    test("[server/SQ20] a commit without bytes in place is stale and stores nothing", async ({ store }) => {
      const { placed: _, ...unplaced } = blobInput("layer");
      expect(await store.commitBlob(unplaced)).toEqual({ outcome: "stale" });
      expect(await store.blobPlacement(digestOf("layer"))).toEqual({ state: "absent" });
      expect(await store.hasRepository(REPOSITORY)).toBe(false);
    });

    test("[server/SQ33] a blob in deletion is not found; a commit with the next generation brings it back at its new place", async ({
      store,
      other,
      change,
    }) => {
      const { id } = await pushBlob(store, "layer");
      expect(await store.blobPlacement(digestOf("layer"))).toEqual({ state: "live", generation: 0, storageKey: KEY });
      await change("DELETE FROM repo_blobs");
      await change("UPDATE blobs SET state = 'deleting'");
      expect(await store.blobPlacement(digestOf("layer"))).toEqual({ state: "deleting", generation: 0, storageKey: KEY });
      expect(await store.findBlob(REPOSITORY, digestOf("layer"))).toBeUndefined();
      expect(await store.mountBlob({ repository: "other", from: REPOSITORY, digest: digestOf("layer") })).toBeUndefined();

      const { placed: _, ...unplaced } = blobInput("layer");
      expect(await store.commitBlob(unplaced)).toEqual({ outcome: "stale" });
      expect(await store.commitBlob(blobInput("layer"))).toEqual({ outcome: "stale" });
      expect(await store.commitBlob(blobInput("layer", { placed: { storageKey: "/g2", generation: 2 } }))).toEqual({ outcome: "stale" });
      const blob = await pushBlob(other, "layer", { placed: { storageKey: "/g1", generation: 1 } });
      expect(blob).toMatchObject({ id, storageKey: "/g1" });
      expect(await store.blobPlacement(digestOf("layer"))).toEqual({ state: "live", generation: 1, storageKey: "/g1" });
    });

    test("[server/SQ33] bytes at a key whose removal is still due are refused until the key is free", async ({ store, change }) => {
      const insert = "INSERT INTO pending_deletes (storage_key, canonical, generation, not_before) VALUES ($1, $2, 0, 0)";
      await change(insert, KEY, digestOf("layer"));
      expect(await store.blobPlacement(digestOf("layer"))).toEqual({ state: "deleting", generation: 0, storageKey: KEY });
      expect(await store.commitBlob(blobInput("layer"))).toEqual({ outcome: "stale" });
      expect(await pushBlob(store, "layer", { placed: { storageKey: "/g1", generation: 1 } })).toMatchObject({ storageKey: "/g1" });
    });

    test("[server/SQ23] a mount links a blob that the source holds, by any of its digests", async ({ store, other }) => {
      const blob = await pushBlob(store, "layer", { digest: longDigestOf("layer") });
      const mount = { repository: "other", from: REPOSITORY, digest: longDigestOf("layer") };
      expect(await store.mountBlob({ ...mount, from: "empty" })).toBeUndefined();
      expect(await store.mountBlob({ ...mount, digest: digestOf("another") })).toBeUndefined();
      expect(await store.hasRepository("other")).toBe(false);
      expect(await store.mountBlob(mount)).toEqual(blob);
      expect(await store.mountBlob(mount)).toEqual(blob);
      expect(await other.findBlob("other", digestOf("layer"))).toEqual(blob);
      expect(await other.listBlobs("other", { limit: 10 })).toEqual([longDigestOf("layer")]);
    });

    test("[server/SQ23] taking a link away leaves the other repositories theirs", async ({ store }) => {
      await pushBlob(store, "layer");
      await store.mountBlob({ repository: "other", from: REPOSITORY, digest: digestOf("layer") });
      expect(await store.unlinkBlob(REPOSITORY, digestOf("layer"))).toBe(true);
      expect(await store.unlinkBlob(REPOSITORY, digestOf("layer"))).toBe(false);
      expect(await store.unlinkBlob("unknown", digestOf("layer"))).toBe(false);
      expect(await store.findBlob(REPOSITORY, digestOf("layer"))).toBeUndefined();
      expect(await store.findBlob("other", digestOf("layer"))).toBeDefined();
    });

    test("[server/SQ25] blobs and their repositories are listed in byte order, page by page, each once", async ({ store }) => {
      const digests = [];
      for (let i = 0; i < 9; i++) digests.push((await pushBlob(store, `layer ${i}`)).canonical);
      const repositories = ["a-b", "a.b", "a/b", "a_b", "b", REPOSITORY];
      for (const repository of repositories) await pushBlob(store, "shared", { repository });
      digests.push(digestOf("shared"));
      for (const limit of [1, 4, 50]) {
        const page = (last: string | undefined) => ({ limit, ...(last === undefined ? {} : { last }) });
        expect(await readPages((last) => store.listBlobs(REPOSITORY, page(last)))).toEqual(digests.toSorted());
        expect(await readPages((last) => store.listBlobRepositories(digestOf("shared"), page(last)))).toEqual(repositories.toSorted());
      }
      expect(await store.listBlobs("unknown", { limit: 5 })).toEqual([]);
    });

    test("[server/SQ21] the sweep learns which canonical digests have a row", async ({ store }) => {
      await pushBlob(store, "layer", { digest: longDigestOf("layer") });
      const asked = [digestOf("layer"), digestOf("stray"), longDigestOf("layer")];
      expect(await store.knownBlobs(asked)).toEqual(new Set([digestOf("layer")]));
      expect(await store.knownBlobs([])).toEqual(new Set());
    });

    test("[server/SQ5,SQ21] the sweep learns which digests are manifests, whether their bytes were copied to blob storage or soon will be", async ({
      store,
    }) => {
      for (const content of ["copied", "waiting", "deleted"]) await store.putManifest(manifestInput(content));
      const [copied] = await store.listUnexportedManifests(1);
      await store.markExported([copied?.id ?? 0]);
      await store.deleteManifest(REPOSITORY, digestOf("deleted"));
      const asked = ["copied", "waiting", "deleted", "stray"].map(digestOf);
      expect(await store.knownBlobs(asked)).toEqual(new Set([digestOf("copied"), digestOf("waiting")]));
    });
  });
}
