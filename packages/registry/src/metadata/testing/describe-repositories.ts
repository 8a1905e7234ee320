import { describe, expect } from "vitest";
import { digestOf, manifestInput, pushBlob, readPages, REPOSITORY } from "./fixtures.ts";
import type { BenchTest } from "./metadata-harness.ts";

/** Repositories: when they exist, in which order they are listed, and how they go. */
export function describeRepositories(test: BenchTest): void {
  describe("repositories", () => {
    test("[server/SQ1] a repository exists once something was pushed to it, not before", async ({ store, other }) => {
      expect(await store.hasRepository(REPOSITORY)).toBe(false);
      await store.createUpload({ id: "u", repository: REPOSITORY, algorithm: "sha256", storageKey: "/u", ttlMs: 1 });
      expect(await store.hasRepository(REPOSITORY)).toBe(false);
      await pushBlob(store, "layer");
      expect(await other.hasRepository(REPOSITORY)).toBe(true);
      expect(await store.hasRepository("team-a")).toBe(false);
    });

    test("[server/SQ25] names are listed in byte order, page by page, each once, and only with a manifest", async ({ store }) => {
      const names = ["a-b/c", "a.b", "a/b", "a/b/c", "a0", "a__b", "a_b", "aa", "b", "team-a/x", "team.a/x", "team/a"];
      for (const repository of names.toReversed()) await store.putManifest(manifestInput(repository, { repository }));
      await pushBlob(store, "layer", { repository: "only-blobs" });
      expect(names).toEqual(names.toSorted());
      for (const limit of [1, 5, 100]) {
        expect(await readPages((last) => store.listRepositories({ limit, ...(last === undefined ? {} : { last }) }))).toEqual(names);
      }
      expect(await store.listRepositories({ limit: 2, last: "a/b/b" })).toEqual(["a/b/c", "a0"]);
    });

    test("[server/SQ1] a repository whose last manifest went is not listed but exists", async ({ store }) => {
      const manifest = manifestInput("m");
      await store.putManifest(manifest);
      await store.deleteManifest(REPOSITORY, manifest.digest);
      expect(await store.listRepositories({ limit: 10 })).toEqual([]);
      expect(await store.hasRepository(REPOSITORY)).toBe(true);
      expect(await store.listTags(REPOSITORY, { limit: 10 })).toEqual([]);
    });

    test("[server/SQ23] deleting a repository takes manifests, tags, links and uploads, and nothing of its neighbours", async ({
      store,
      other,
      rows,
    }) => {
      for (const repository of [REPOSITORY, "other"]) {
        await pushBlob(store, "layer", { repository });
        await store.putManifest(manifestInput("m", { repository, tags: ["t"] }));
        await store.createUpload({ id: `u-${repository}`, repository, algorithm: "sha256", storageKey: "/u", ttlMs: 1000 });
      }
      expect(await store.deleteRepository("unknown")).toBe(false);
      expect(await store.deleteRepository(REPOSITORY)).toBe(true);
      expect(await store.deleteRepository(REPOSITORY)).toBe(false);
      expect(await other.hasRepository(REPOSITORY)).toBe(false);
      expect(await other.listRepositories({ limit: 10 })).toEqual(["other"]);
      expect(await other.listTags(REPOSITORY, { limit: 10 })).toBeUndefined();
      expect(await other.findManifest(REPOSITORY, { tag: "t" })).toBeUndefined();
      expect(await other.statManifest(REPOSITORY, { digest: digestOf("m") })).toBeUndefined();
      expect(await other.findBlob(REPOSITORY, digestOf("layer"))).toBeUndefined();
      expect(await other.findUpload(REPOSITORY, `u-${REPOSITORY}`)).toBeUndefined();
      expect(await other.listBlobRepositories(digestOf("layer"), { limit: 10 })).toEqual(["other"]);
      expect(await other.findManifest("other", { tag: "t" })).toBeDefined();
      expect(await other.findUpload("other", "u-other")).toBeDefined();
      expect(await rows("SELECT name FROM repositories")).toEqual([expect.objectContaining({ name: "other" })]);
    });

    test("[server/SQ23] a deleted repository can be pushed to again, even before its rows are purged", async ({ store, change, rows }) => {
      for (let i = 0; i < 130; i++) await store.putManifest(manifestInput(`m${i}`, { tags: [`t${i}`] }));
      await pushBlob(store, "layer");
      // What a crash after the first transaction of a delete leaves behind.
      await change("UPDATE repositories SET deleted_at = 1, name = name || ' ' || id");
      expect(await store.findManifest(REPOSITORY, { tag: "t1" })).toBeUndefined();
      expect(await store.listRepositories({ limit: 10 })).toEqual([]);
      await store.putManifest(manifestInput("m1", { tags: ["t1"] }));
      await store.purgeRepositories();
      expect(await store.listTags(REPOSITORY, { limit: 10 })).toEqual(["t1"]);
      expect(await store.listManifests(REPOSITORY, { limit: 10 })).toEqual([digestOf("m1")]);
      expect((await rows("SELECT 1 AS one FROM tag_history")).length).toBe(1);
      expect((await rows("SELECT 1 AS one FROM repo_blobs")).length).toBe(0);
    });
  });
}
