import { describe, expect } from "vitest";
import type { MetadataStore } from "../store.ts";
import { REPOSITORY } from "./fixtures.ts";
import type { BenchTest } from "./metadata-harness.ts";

const TTL_MS = 10_000;
const LEASE_MS = 100;

function create(store: MetadataStore, id = "u"): ReturnType<MetadataStore["createUpload"]> {
  return store.createUpload({ id, repository: REPOSITORY, algorithm: "sha512", storageKey: `/uploads/${id}`, ttlMs: TTL_MS });
}

/** Upload sessions: leases, checkpoints, ends. */
export function describeUploads(test: BenchTest): void {
  describe("uploads", () => {
    const checkpoint = { id: "u", size: 5, leaseMs: 0, ttlMs: TTL_MS };

    test("[server/SQ8,SQ40] a session is found by every process, under its own repository only", async ({ store, other, clock }) => {
      const upload = await create(store);
      const at = new Date(clock.now);
      expect(upload).toMatchObject({
        id: "u",
        repository: REPOSITORY,
        size: 0,
        algorithm: "sha512",
        storageKey: "/uploads/u",
        startedAt: at,
        updatedAt: at,
      });
      expect(upload.expiresAt).toEqual(new Date(clock.now + TTL_MS));
      expect(await other.findUpload(REPOSITORY, "u")).toEqual(upload);
      expect(await other.findUpload("other", "u")).toBeUndefined();
      expect(await other.claimUpload("other", "u", "me", LEASE_MS)).toBeUndefined();
      expect(await other.claimUpload(REPOSITORY, "unknown", "me", LEASE_MS)).toBeUndefined();
    });

    test("[server/SQ40] one owner at a time writes; it may renew, let go, and be replaced once its lease ran out", async ({
      store,
      other,
      clock,
    }) => {
      await create(store);
      const first = await store.claimUpload(REPOSITORY, "u", "first", LEASE_MS);
      expect(first).toMatchObject({ takenOver: false });
      expect(await other.claimUpload(REPOSITORY, "u", "second", LEASE_MS)).toBe("held");
      clock.now += LEASE_MS - 1;
      expect(await other.claimUpload(REPOSITORY, "u", "second", LEASE_MS)).toBe("held");
      expect(await store.claimUpload(REPOSITORY, "u", "first", LEASE_MS)).toEqual(first);
      clock.now += LEASE_MS - 1;
      expect(await other.claimUpload(REPOSITORY, "u", "second", LEASE_MS)).toBe("held");
      clock.now += 1;
      expect(await other.claimUpload(REPOSITORY, "u", "second", LEASE_MS)).toMatchObject({ takenOver: true });
    });

    test("[server/SQ40] a checkpoint counts for the current version alone; letting go makes way without a takeover", async ({
      store,
      other,
      clock,
    }) => {
      await create(store);
      const claimed = await store.claimUpload(REPOSITORY, "u", "first", LEASE_MS);
      if (claimed === undefined || claimed === "held") throw new Error("not claimed");
      clock.now += 7;
      const version = await store.checkpointUpload({ ...checkpoint, version: claimed.version, leaseMs: LEASE_MS });
      expect(version).toBeGreaterThan(claimed.version);
      expect(await other.checkpointUpload({ ...checkpoint, version: claimed.version, size: 9 })).toBeUndefined();
      const upload = await other.findUpload(REPOSITORY, "u");
      expect(upload).toMatchObject({
        size: 5,
        version,
        storageKey: "/uploads/u",
        updatedAt: new Date(clock.now),
        expiresAt: new Date(clock.now + TTL_MS),
      });
      expect(await other.claimUpload(REPOSITORY, "u", "second", LEASE_MS)).toBe("held");
      expect(await store.checkpointUpload({ ...checkpoint, version: version ?? 0, storageKey: "/moved" })).toBeDefined();
      expect(await other.claimUpload(REPOSITORY, "u", "second", LEASE_MS)).toMatchObject({
        takenOver: false,
        storageKey: "/moved",
        size: 5,
      });
    });

    test("[server/SQ40] whoever lost its lease can record nothing once another one claimed", async ({ store, other, clock }) => {
      await create(store);
      const first = await store.claimUpload(REPOSITORY, "u", "first", LEASE_MS);
      clock.now += LEASE_MS;
      const second = await other.claimUpload(REPOSITORY, "u", "second", LEASE_MS);
      if (first === undefined || first === "held" || second === undefined || second === "held") throw new Error("not claimed");
      expect(await store.checkpointUpload({ ...checkpoint, version: first.version })).toBeUndefined();
      expect(await other.checkpointUpload({ ...checkpoint, version: second.version })).toBeDefined();
    });

    test("[server/SQ8] a session ends by itself unless somebody writes; then it can be purged, not claimed", async ({
      store,
      other,
      clock,
    }) => {
      await create(store, "old");
      clock.now += 1;
      await create(store, "idle");
      await create(store, "busy");
      await create(store, "young");
      const claimed = await store.claimUpload(REPOSITORY, "busy", "me", TTL_MS * 2);
      const young = await store.claimUpload(REPOSITORY, "young", "me", LEASE_MS);
      if (young === undefined || young === "held") throw new Error("not claimed");
      await store.checkpointUpload({ ...checkpoint, id: "young", version: young.version, ttlMs: TTL_MS * 2 });
      expect(await store.listExpiredUploads(new Date(clock.now), 10)).toEqual([]);
      clock.now += TTL_MS;
      const expired = async (limit: number) => (await other.listExpiredUploads(new Date(clock.now + 1), limit)).map(({ id }) => id);
      expect(await expired(10)).toEqual(["old", "idle"]);
      expect(await expired(1)).toEqual(["old"]);
      expect(await other.findUpload(REPOSITORY, "idle")).toBeUndefined();
      expect(await other.claimUpload(REPOSITORY, "idle", "me", LEASE_MS)).toBeUndefined();
      expect(await other.findUpload(REPOSITORY, "busy")).toMatchObject({
        id: "busy",
        version: claimed === undefined || claimed === "held" ? -1 : claimed.version,
      });
      expect(await other.deleteUpload(REPOSITORY, "idle")).toBe(true);
      expect(await expired(10)).toEqual(["old"]);
    });

    test("[server/SQ8] a session that was ended stops its writer at the next checkpoint", async ({ store, other }) => {
      await create(store);
      await create(store, "v");
      const claimed = await store.claimUpload(REPOSITORY, "u", "me", LEASE_MS);
      if (claimed === undefined || claimed === "held") throw new Error("not claimed");
      expect(await other.deleteUpload("other", "u")).toBe(false);
      expect(await other.deleteUpload(REPOSITORY, "u")).toBe(true);
      expect(await other.deleteUpload(REPOSITORY, "u")).toBe(false);
      expect(await store.checkpointUpload({ ...checkpoint, version: claimed.version })).toBeUndefined();
      expect(await store.knownUploads(["u", "v", "w"])).toEqual(new Set(["v"]));
    });
  });
}
