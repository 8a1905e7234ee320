import { describe, expect } from "vitest";
import { digestOf, longDigestOf, manifestInput, pushBlob, readPages, reference, REPOSITORY } from "./fixtures.ts";
import type { BenchTest } from "./metadata-harness.ts";

/** Manifests: what they need, how they are found, and what goes with them. */
export function describeManifests(test: BenchTest): void {
  describe("manifests", () => {
    test("[server/SQ22,SQ5] a manifest and its tags are there for every process once the call ends, byte by byte", async ({
      store,
      other,
    }) => {
      const payload = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
      const manifest = manifestInput("m", { payload, tags: ["b", "a"] });
      expect(await store.putManifest(manifest)).toEqual({ created: true, missing: [] });
      const found = await other.findManifest(REPOSITORY, { tag: "a" });
      expect(found).toMatchObject({ digest: manifest.digest, mediaType: manifest.mediaType, size: 300 });
      expect(new Uint8Array(found?.payload ?? [])).toEqual(payload);
      const summary = await other.statManifest(REPOSITORY, { tag: "b" });
      expect(summary).toEqual({ id: found?.id, digest: manifest.digest, mediaType: manifest.mediaType, size: 300 });
      expect(await other.statManifest(REPOSITORY, { digest: manifest.digest })).toEqual(summary);
      expect((await other.findManifest(REPOSITORY, { digest: manifest.digest }))?.id).toBe(found?.id);
      expect(await other.findManifest("other", { digest: manifest.digest })).toBeUndefined();
      expect(await other.findManifest(REPOSITORY, { tag: "c" })).toBeUndefined();
      expect(await other.listTagsOf(REPOSITORY, manifest.digest, { limit: 10 })).toEqual(["a", "b"]);
    });

    test("[server/SQ22] with anything missing nothing is stored, and all that is missing is named in the manifest's order", async ({
      store,
      rows,
    }) => {
      await pushBlob(store, "held", { repository: "other" });
      const references = [
        reference(digestOf("z")),
        reference(digestOf("held"), { kind: "config" }),
        reference(digestOf("child"), { kind: "child" }),
        reference(digestOf("foreign"), { required: false, urls: ["https://example.com/layer"] }),
        reference(digestOf("z")),
      ];
      const manifest = manifestInput("m", { references, tags: ["t"] });
      expect(await store.putManifest(manifest)).toEqual({ created: false, missing: [digestOf("z"), digestOf("held"), digestOf("child")] });
      expect(await store.hasRepository(REPOSITORY)).toBe(false);
      await pushBlob(store, "z");
      expect((await store.putManifest(manifest)).missing).toEqual([digestOf("held"), digestOf("child")]);
      expect(await store.findManifest(REPOSITORY, { digest: manifest.digest })).toBeUndefined();
      expect(await store.listTags(REPOSITORY, { limit: 10 })).toEqual([]);
      for (const table of ["manifests", "manifest_refs", "tags", "tag_history"])
        expect(await rows(`SELECT 1 AS one FROM ${table}`)).toEqual([]);
      await pushBlob(store, "held");
      await store.putManifest(manifestInput("child"));
      expect(await store.putManifest(manifest)).toEqual({ created: true, missing: [] });
    });

    test("[server/SQ22] content counts under any of its digests, and not while it is being deleted", async ({ store, change }) => {
      await pushBlob(store, "layer", { digest: longDigestOf("layer") });
      const bySha256 = manifestInput("m1", { references: [reference(digestOf("layer"))] });
      const bySha512 = manifestInput("m2", { references: [reference(longDigestOf("layer"))] });
      expect((await store.putManifest(bySha256)).created).toBe(true);
      expect((await store.putManifest(bySha512)).created).toBe(true);
      await change("UPDATE blobs SET state = 'deleting'");
      expect((await store.putManifest(manifestInput("m3", { references: [reference(digestOf("layer"))] }))).missing).toEqual([
        digestOf("layer"),
      ]);
    });

    test("[server/SQ6] references are kept with all that the manifest said of them", async ({ store, rows }) => {
      await store.putManifest(manifestInput("child"));
      const platform = { architecture: "arm64", os: "linux", variant: "v8" };
      const urls = ["https://example.com/a?b='c'&d=\"e\""];
      const references = [
        reference(digestOf("child"), { kind: "child", mediaType: "type/child", size: 2 ** 40, platform }),
        reference(digestOf("foreign"), { required: false, urls }),
      ];
      await store.putManifest(manifestInput("m", { references }));
      const stored = await rows(
        "SELECT position, kind, digest, media_type, size, platform_json, urls_json FROM manifest_refs ORDER BY position",
      );
      expect(stored).toEqual([
        expect.objectContaining({
          position: 0,
          kind: "child",
          digest: digestOf("child"),
          media_type: "type/child",
          size: 2 ** 40,
          platform_json: JSON.stringify(platform),
          urls_json: null,
        }),
        expect.objectContaining({
          position: 1,
          kind: "layer",
          digest: digestOf("foreign"),
          platform_json: null,
          urls_json: JSON.stringify(urls),
        }),
      ]);
    });

    test("[server/SQ22] pushing again changes nothing, keeps the id, and adds tags", async ({ store, clock }) => {
      const manifest = manifestInput("m", { tags: ["a"] });
      await store.putManifest(manifest);
      const before = await store.statManifest(REPOSITORY, { tag: "a" });
      clock.now += 5;
      expect(await store.putManifest({ ...manifest, tags: ["a", "b", "b"] })).toEqual({ created: false, missing: [] });
      expect(await store.statManifest(REPOSITORY, { tag: "b" })).toEqual(before);
      expect(await store.listTagHistory(REPOSITORY, "a", 10)).toHaveLength(1);
      expect(await store.listTagHistory(REPOSITORY, "b", 10)).toHaveLength(1);
    });

    test("[server/SQ5] ids grow and are not given out again", async ({ store }) => {
      const push = async (content: string): Promise<number> => {
        await store.putManifest(manifestInput(content));
        return (await store.statManifest(REPOSITORY, { digest: digestOf(content) }))?.id ?? 0;
      };
      const first = await push("m1");
      const second = await push("m2");
      await store.deleteManifest(REPOSITORY, digestOf("m2"));
      const again = await push("m2");
      expect(first).toBeLessThan(second);
      expect(second).toBeLessThan(again);
    });

    test("[server/SQ23] deleting a manifest takes its tags and references, names the tags, and remembers them", async ({
      store,
      other,
      rows,
      clock,
    }) => {
      await pushBlob(store, "layer");
      const manifest = manifestInput("m", { references: [reference(digestOf("layer"))], tags: ["b", "a"] });
      await store.putManifest(manifest);
      await store.putManifest(manifestInput("kept", { tags: ["c"] }));
      clock.now += 5;
      expect(await store.deleteManifest(REPOSITORY, digestOf("unknown"))).toBeUndefined();
      expect(await store.deleteManifest("unknown", manifest.digest)).toBeUndefined();
      expect(await store.deleteManifest(REPOSITORY, manifest.digest, "eve")).toEqual({ tags: ["a", "b"] });
      expect(await store.deleteManifest(REPOSITORY, manifest.digest)).toBeUndefined();
      expect(await other.findManifest(REPOSITORY, { tag: "a" })).toBeUndefined();
      expect(await other.listTags(REPOSITORY, { limit: 10 })).toEqual(["c"]);
      expect(await rows("SELECT 1 AS one FROM manifest_refs")).toEqual([]);
      expect((await other.listTagHistory(REPOSITORY, "a", 1))[0]).toEqual({
        digest: manifest.digest,
        operation: "delete",
        at: new Date(clock.now),
        actor: "eve",
      });
      expect(await other.findBlob(REPOSITORY, digestOf("layer"))).toBeDefined();
    });

    test("[server/SQ25] digests are listed in byte order, page by page, each once", async ({ store }) => {
      const digests = [];
      for (let i = 0; i < 10; i++) {
        const digest = i % 3 === 0 ? longDigestOf(`m${i}`) : digestOf(`m${i}`);
        digests.push(digest);
        await store.putManifest(manifestInput(`m${i}`, { digest }));
      }
      await store.putManifest(manifestInput("m", { repository: "other" }));
      for (const limit of [1, 3, 50]) {
        expect(await readPages((last) => store.listManifests(REPOSITORY, { limit, ...(last === undefined ? {} : { last }) }))).toEqual(
          digests.toSorted(),
        );
      }
    });

    test("[server/SQ5] manifests to export come oldest first, until they are marked", async ({ store }) => {
      for (const content of ["m1", "m2", "m3"]) await store.putManifest(manifestInput(content));
      const [first, second] = await store.listUnexportedManifests(2);
      expect([first?.digest, second?.digest]).toEqual([digestOf("m1"), digestOf("m2")]);
      expect(new TextDecoder().decode(first?.payload)).toBe("m1");
      await store.markExported([second?.id ?? 0, first?.id ?? 0, 999]);
      expect((await store.listUnexportedManifests(10)).map(({ digest }) => digest)).toEqual([digestOf("m3")]);
    });
  });
}
