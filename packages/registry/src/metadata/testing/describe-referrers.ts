import { describe, expect } from "vitest";
import { digestOf, manifestInput, pushBlob, reference, referrerInput, REPOSITORY } from "./fixtures.ts";
import type { BenchTest } from "./metadata-harness.ts";

/** Who points at what. */
export function describeReferrers(test: BenchTest): void {
  describe("referrers and predecessors", () => {
    const subject = digestOf("subject");

    test("[server/SQ25] referrers come oldest first, page by page, whether or not the subject exists", async ({ store }) => {
      for (const content of ["r3", "r1", "r2"]) await store.putManifest(referrerInput(content, subject));
      await store.putManifest(referrerInput("elsewhere", subject, { repository: "other" }));
      const query = { repository: REPOSITORY, subject, limit: 2 };
      const first = await store.listReferrers(query);
      expect(first.map(({ digest }) => digest)).toEqual([digestOf("r3"), digestOf("r1")]);
      const second = await store.listReferrers({ ...query, after: first[1]?.id ?? 0 });
      expect(second.map(({ digest }) => digest)).toEqual([digestOf("r2")]);
      expect(await store.listReferrers({ ...query, repository: "unknown" })).toEqual([]);
    });

    test("[server/SQ5] a referrer says its type, size and annotations, and can be asked for by type", async ({ store }) => {
      const annotations = { "org.example.sbom": "spdx ✓", empty: "" };
      await store.putManifest(referrerInput("signature", subject, { artifactType: "type/signature", annotations }));
      await store.putManifest(referrerInput("sbom", subject, { artifactType: "type/sbom" }));
      await store.putManifest(referrerInput("index", subject));
      const all = await store.listReferrers({ repository: REPOSITORY, subject, limit: 10 });
      expect(all).toMatchObject([
        { digest: digestOf("signature"), size: 9, artifactType: "type/signature", annotations },
        { digest: digestOf("sbom"), artifactType: "type/sbom", annotations: undefined },
        { digest: digestOf("index"), artifactType: undefined, annotations: undefined },
      ]);
      expect(await store.listReferrers({ repository: REPOSITORY, subject, limit: 10, artifactType: "type/sbom" })).toEqual([all[1]]);
      expect(
        await store.listReferrers({ repository: REPOSITORY, subject, limit: 10, artifactType: "type/sbom", after: all[1]?.id ?? 0 }),
      ).toEqual([]);
    });

    test("[server/O9] a deleted referrer is gone at once; a deleted subject keeps its referrers", async ({ store, other }) => {
      await store.putManifest(manifestInput("subject"));
      await store.putManifest(referrerInput("r1", subject));
      await store.putManifest(referrerInput("r2", subject));
      await store.deleteManifest(REPOSITORY, digestOf("r1"));
      await store.deleteManifest(REPOSITORY, subject);
      expect((await other.listReferrers({ repository: REPOSITORY, subject, limit: 10 })).map(({ digest }) => digest)).toEqual([
        digestOf("r2"),
      ]);
    });

    test("[server/SQ6] predecessors name a digest as config, layer, child or subject, each once, in this repository", async ({ store }) => {
      await pushBlob(store, "layer");
      await pushBlob(store, "layer", { repository: "other" });
      const layer = reference(digestOf("layer"));
      await store.putManifest(manifestInput("image", { references: [{ ...layer, kind: "config" }, layer, layer] }));
      await store.putManifest(manifestInput("second", { references: [layer] }));
      await store.putManifest(manifestInput("elsewhere", { repository: "other", references: [layer] }));
      await store.putManifest(manifestInput("index", { references: [reference(digestOf("image"), { kind: "child" })] }));
      await store.putManifest(referrerInput("referrer", digestOf("image")));
      const digests = async (digest: string, limit = 10) =>
        (await store.listPredecessors(REPOSITORY, digestOf(digest), limit)).map((manifest) => manifest.digest);
      expect(await digests("layer")).toEqual([digestOf("image"), digestOf("second")]);
      expect(await digests("layer", 1)).toEqual([digestOf("image")]);
      expect(await digests("image")).toEqual([digestOf("index"), digestOf("referrer")]);
      expect(await digests("index")).toEqual([]);
    });
  });
}
