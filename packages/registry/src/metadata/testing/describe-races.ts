import { describe, expect } from "vitest";
import { blobInput, digestOf, manifestInput, pushBlob, reference, REPOSITORY } from "./fixtures.ts";
import type { Bench, BenchTest } from "./metadata-harness.ts";

/** Runs a call ten times at once, half of them on the other connection. */
function tenTimes<T>({ store, other }: Bench, call: (at: Bench["store"], i: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 10 }, (_, i) => call(i % 2 === 0 ? store : other, i)));
}

/** Calls that meet. */
export function describeRaces(test: BenchTest): void {
  describe("races", () => {
    test("[server/SQ24] of ten pushes of one manifest one creates it", async (bench) => {
      await pushBlob(bench.store, "layer");
      const manifest = manifestInput("m", { references: [reference(digestOf("layer"))], tags: ["t", "u"] });
      const results = await tenTimes(bench, (at) => at.putManifest(manifest));
      expect(results.filter(({ created }) => created)).toHaveLength(1);
      expect(await bench.store.listTagHistory(REPOSITORY, "t", 20)).toHaveLength(1);
      expect(await bench.rows("SELECT 1 AS one FROM manifest_refs")).toHaveLength(1);
    });

    test("[server/SQ24] ten first pushes into one repository make one repository", async (bench) => {
      await tenTimes(bench, (at, i) => at.putManifest(manifestInput(`m${i}`, { tags: [`t${i}`] })));
      expect(await bench.rows("SELECT 1 AS one FROM repositories")).toHaveLength(1);
      expect(await bench.store.listTags(REPOSITORY, { limit: 20 })).toHaveLength(10);
    });

    test("[server/SQ24] ten commits of one blob into ten repositories make one blob that all link", async (bench) => {
      const results = await tenTimes(bench, (at, i) => at.commitBlob(blobInput("layer", { repository: `r${i}` })));
      expect(new Set(results.map((result) => (result.outcome === "linked" ? result.blob.id : 0))).size).toBe(1);
      expect(await bench.rows("SELECT 1 AS one FROM blobs")).toHaveLength(1);
      expect(await bench.store.listBlobRepositories(digestOf("layer"), { limit: 20 })).toHaveLength(10);
    });

    test("[server/SQ40] of ten claims one wins", async (bench) => {
      await bench.store.createUpload({ id: "u", repository: REPOSITORY, algorithm: "sha256", storageKey: "/u", ttlMs: 1000 });
      const results = await tenTimes(bench, (at, i) => at.claimUpload(REPOSITORY, "u", `owner ${i}`, 1000));
      expect(results.filter((result) => result === "held")).toHaveLength(9);
    });

    test("[server/SQ40] of ten checkpoints of one version one counts", async (bench) => {
      await bench.store.createUpload({ id: "u", repository: REPOSITORY, algorithm: "sha256", storageKey: "/u", ttlMs: 1000 });
      const results = await tenTimes(bench, (at, size) => at.checkpointUpload({ id: "u", version: 0, size, leaseMs: 0, ttlMs: 1000 }));
      expect(results.filter((version) => version !== undefined)).toEqual([1]);
    });

    test("[server/SQ24] two writers move two tags in opposite orders without losing a change", async (bench) => {
      await tenTimes(bench, (at, i) => at.putManifest(manifestInput(`m${i}`, { tags: i % 2 === 0 ? ["a", "b"] : ["b", "a"] })));
      const a = await bench.store.statManifest(REPOSITORY, { tag: "a" });
      const history = await bench.store.listTagHistory(REPOSITORY, "a", 20);
      expect(history).toHaveLength(10);
      expect(history[0]?.digest).toBe(a?.digest);
      expect((await bench.store.statManifest(REPOSITORY, { tag: "b" }))?.digest).toBe(a?.digest);
    });

    test("[server/SQ24] pushes and deletes of one manifest end with all of it or nothing", async (bench) => {
      await pushBlob(bench.store, "layer");
      const manifest = manifestInput("m", { references: [reference(digestOf("layer"))], tags: ["t"] });
      for (let round = 0; round < 5; round++) {
        await tenTimes<unknown>(bench, (at, i) =>
          i % 3 === 0 ? at.deleteManifest(REPOSITORY, manifest.digest) : at.putManifest(manifest),
        );
        const stored = await bench.store.statManifest(REPOSITORY, { digest: manifest.digest });
        expect(await bench.store.statManifest(REPOSITORY, { tag: "t" })).toEqual(stored);
        expect(await bench.rows("SELECT 1 AS one FROM manifest_refs")).toHaveLength(stored === undefined ? 0 : 1);
      }
    });

    test("[server/SQ24] a repository deleted under pushes ends with no half of anything", async (bench) => {
      const { store, rows } = bench;
      for (let round = 0; round < 5; round++) {
        await tenTimes<unknown>(bench, (at, i) =>
          i === 5 ? at.deleteRepository(REPOSITORY) : at.putManifest(manifestInput(`m${i}`, { tags: ["t"] })),
        );
        expect(await rows("SELECT 1 AS one FROM repositories WHERE deleted_at IS NOT NULL")).toEqual([]);
        const tagged = await store.statManifest(REPOSITORY, { tag: "t" });
        if (tagged !== undefined) expect(await store.listManifests(REPOSITORY, { limit: 20 })).toContain(tagged.digest);
      }
    });
  });
}
