import { describe, expect } from "vitest";
import { digestOf, manifestInput, readPages, REPOSITORY } from "./fixtures.ts";
import type { BenchTest } from "./metadata-harness.ts";

/** Tags and their history. */
export function describeTags(test: BenchTest): void {
  describe("tags", () => {
    test("[server/SQ23,SQ7] a tag points where it was set last; a manifest that is not here cannot be tagged", async ({ store, other }) => {
      await store.putManifest(manifestInput("m1"));
      await store.putManifest(manifestInput("m2"));
      expect(await store.setTag(REPOSITORY, "t", digestOf("unknown"))).toBe(false);
      expect(await store.setTag("unknown", "t", digestOf("m1"))).toBe(false);
      expect(await store.hasRepository("unknown")).toBe(false);
      expect(await store.setTag(REPOSITORY, "t", digestOf("m1"))).toBe(true);
      expect(await other.setTag(REPOSITORY, "t", digestOf("m2"))).toBe(true);
      expect((await store.statManifest(REPOSITORY, { tag: "t" }))?.digest).toBe(digestOf("m2"));
      expect(await store.listTagsOf(REPOSITORY, digestOf("m1"), { limit: 10 })).toEqual([]);
      expect(await store.listTagsOf(REPOSITORY, digestOf("m2"), { limit: 10 })).toEqual(["t"]);
    });

    test("[server/SQ23] a deleted tag leaves its manifest", async ({ store, other }) => {
      await store.putManifest(manifestInput("m", { tags: ["a", "b"] }));
      expect(await store.deleteTag(REPOSITORY, "a")).toBe(true);
      expect(await other.deleteTag(REPOSITORY, "a")).toBe(false);
      expect(await store.deleteTag("unknown", "b")).toBe(false);
      expect(await store.listTags(REPOSITORY, { limit: 10 })).toEqual(["b"]);
      expect(await store.findManifest(REPOSITORY, { digest: digestOf("m") })).toBeDefined();
    });

    test("[server/SQ25] tags are listed in byte order, page by page, each once; undefined without a repository", async ({ store }) => {
      const tags = ["1.0", "1.0-rc1", "1.0.1", "1_0", "A", "B", "Z", "_x", "a", "a-b", "a.b", "a_b", "aA", "aa", "b"];
      await store.putManifest(manifestInput("m", { tags: tags.toReversed() }));
      await store.putManifest(manifestInput("m", { repository: "other", tags: ["other"] }));
      const sorted = tags.toSorted();
      for (const limit of [1, 4, 100]) {
        expect(
          await readPages(async (last) => (await store.listTags(REPOSITORY, { limit, ...(last === undefined ? {} : { last }) })) ?? []),
        ).toEqual(sorted);
      }
      expect(await store.listTags(REPOSITORY, { limit: 2, last: "a!" })).toEqual(["a-b", "a.b"]);
      expect(await store.listTags(REPOSITORY, { limit: 2, last: "zzz" })).toEqual([]);
      expect(await store.listTags(REPOSITORY, { limit: 0 })).toEqual([]);
      expect(await store.listTags("unknown", { limit: 2 })).toBeUndefined();
      for (const limit of [1, 4, 100]) {
        const page = (last: string | undefined): Promise<readonly string[]> =>
          store.listTagsOf(REPOSITORY, digestOf("m"), { limit, ...(last === undefined ? {} : { last }) });
        expect(await readPages(page)).toEqual(sorted);
      }
    });

    test("[server/SQ7] every change of a tag is remembered, newest first, with who made it; nothing else is", async ({ store, clock }) => {
      const start = clock.now;
      await store.putManifest(manifestInput("m1", { tags: ["t", "u"], actor: "ann" }));
      clock.now = start + 1;
      await store.putManifest(manifestInput("m2", { tags: ["t"] }));
      await store.setTag(REPOSITORY, "t", digestOf("m2"), "nobody changed it");
      clock.now = start + 2;
      await store.deleteTag(REPOSITORY, "t", "bob");
      clock.now = start + 3;
      await store.setTag(REPOSITORY, "t", digestOf("m1"), "cleo");
      const history = [
        { digest: digestOf("m1"), operation: "set", at: new Date(start + 3), actor: "cleo" },
        { digest: digestOf("m2"), operation: "delete", at: new Date(start + 2), actor: "bob" },
        { digest: digestOf("m2"), operation: "set", at: new Date(start + 1), actor: undefined },
        { digest: digestOf("m1"), operation: "set", at: new Date(start), actor: "ann" },
      ];
      expect(await store.listTagHistory(REPOSITORY, "t", 10)).toEqual(history);
      expect(await store.listTagHistory(REPOSITORY, "t", 2)).toEqual(history.slice(0, 2));
      expect(await store.listTagHistory(REPOSITORY, "u", 10)).toHaveLength(1);
      expect(await store.listTagHistory("unknown", "t", 10)).toEqual([]);
    });

    test("[server/P12,SQ7] what a tag ever pointed at is found while the repository holds it", async ({ store, other }) => {
      for (const content of ["m1", "m2", "m1", "m3"]) await store.putManifest(manifestInput(content, { tags: ["t"] }));
      await store.putManifest(manifestInput("m4", { tags: ["u"] }));
      await store.deleteTag(REPOSITORY, "t");
      await store.deleteManifest(REPOSITORY, digestOf("m2"));
      expect(await other.listTagDigests(REPOSITORY, "t")).toEqual([digestOf("m1"), digestOf("m3")].toSorted());
      expect(await store.listTagDigests(REPOSITORY, "unknown")).toEqual([]);
      expect(await store.listTagDigests("unknown", "t")).toEqual([]);
    });
  });
}
