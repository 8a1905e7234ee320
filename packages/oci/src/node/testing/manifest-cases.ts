import assert from "node:assert/strict";
import type { Registry, Repository } from "../../content.ts";
import { blobOf, type ContentCase, fails, imageOf, itemsOf, type Sample, source, textOf } from "./case.ts";

const config = blobOf('{"os":"linux"}');
const image = imageOf(config);

async function repositoryWith(registry: Registry, tags: Readonly<Record<string, Sample>>, name: string = "a/b"): Promise<Repository> {
  const repository = registry.repository(name);
  await repository.blobs.push(config.descriptor, source(config));
  for (const [tag, sample] of Object.entries(tags)) await repository.manifests.pushReference(sample.descriptor, source(sample), tag);
  return repository;
}

/** What the contract asks of manifests, tags, referrers and the list of repositories. */
export const manifestCases: readonly ContentCase[] = [
  {
    title: "[server/P11] a manifest is read back byte for byte, by tag and by digest",
    async run(registry) {
      const { manifests } = await repositoryWith(registry, { latest: image });
      for (const reference of ["latest", image.descriptor.digest]) {
        const { descriptor, content } = await manifests.fetchReference(reference);
        assert.equal(await textOf(content), new TextDecoder().decode(image.bytes));
        for (const found of [descriptor, await manifests.resolve(reference)]) {
          assert.deepEqual(
            [found.digest, found.size, found.mediaType],
            [image.descriptor.digest, image.descriptor.size, image.descriptor.mediaType],
          );
        }
      }
      assert.equal(await textOf(await manifests.fetch(image.descriptor)), new TextDecoder().decode(image.bytes));
      assert.equal(await manifests.exists(image.descriptor), true);
    },
  },
  {
    title: "an aborted call rejects with the signal's reason, and does nothing",
    async run(registry) {
      const repository = await repositoryWith(registry, { latest: image });
      const reason = new Error("enough");
      const call = { signal: AbortSignal.abort(reason) };
      for (const act of [
        async () => await repository.resolve("latest", call),
        async () => await repository.fetch(image.descriptor, call),
        async () => await repository.push(image.descriptor, source(image), call),
        async () => await repository.exists(image.descriptor, call),
        async () => await repository.tag(image.descriptor, "other", call),
        async () => await repository.untag("latest", call),
        async () => await repository.predecessors(config.descriptor, call),
        async () => await repository.delete(image.descriptor, call),
      ]) {
        await assert.rejects(act, (error) => error === reason);
      }
      assert.deepEqual(await itemsOf(repository.tags()), ["latest"]);
    },
  },
  {
    title: "[server/P11] a deleted manifest is gone with its tags; an unknown one is not found",
    async run(registry) {
      const { manifests, tagStore } = await repositoryWith(registry, { one: image, two: image });
      await manifests.delete(image.descriptor);
      assert.equal(await manifests.exists(image.descriptor), false);
      assert.deepEqual(await itemsOf(tagStore.tags()), []);
      await fails("ERR_NOT_FOUND", () => manifests.resolve("one"));
      await fails("ERR_NOT_FOUND", () => manifests.fetchReference(image.descriptor.digest));
      await fails("ERR_NOT_FOUND", () => manifests.delete(image.descriptor));
    },
  },
  {
    title: "[server/P12] tags are set, moved, listed in byte order and taken away",
    async run(registry) {
      const other = imageOf(config, { annotations: { k: "v" } });
      const { manifests, tagStore } = await repositoryWith(registry, { b: image, B: image, a: other });
      await tagStore.tag(image.descriptor, "a");
      assert.equal((await tagStore.resolve("a")).digest, image.descriptor.digest);
      assert.deepEqual(await itemsOf(tagStore.tags()), ["B", "a", "b"]);
      await tagStore.untag("a");
      assert.deepEqual(await itemsOf(tagStore.tags()), ["B", "b"]);
      assert.equal(await manifests.exists(other.descriptor), true);
      await fails("ERR_NOT_FOUND", () => tagStore.untag("a"));
      await fails("ERR_NOT_FOUND", () => tagStore.resolve("a"));
      await fails("ERR_NOT_FOUND", () => tagStore.tag(blobOf("nothing").descriptor, "x"));
    },
  },
  {
    title: "[server/P12] pages of tags hold each tag once, and start behind any text",
    async run(registry) {
      const names = ["a", "b", "c", "d", "e"];
      const { tagStore } = await repositoryWith(registry, Object.fromEntries(names.map((name) => [name, image])));
      const pages: (readonly string[])[] = [];
      for await (const page of tagStore.tags({ pageSize: 2 }).pages()) pages.push(page);
      assert.deepEqual(pages.flat(), names);
      assert.ok(pages.every((page) => page.length <= 2));
      assert.deepEqual(await itemsOf(tagStore.tags({ last: "bb" })), ["c", "d", "e"]);
    },
  },
  {
    title: "referrers and predecessors of a manifest are found",
    async run(registry) {
      const { mediaType, digest, size } = image.descriptor;
      const subject = { mediaType, digest, size };
      const [sbom, signature] = ["application/sbom", "application/signature"].map((artifactType) =>
        imageOf(config, { artifactType, subject }),
      );
      assert.ok(sbom && signature);
      const repository = await repositoryWith(registry, { latest: image, sbom, signature });
      const digests = async (artifactType?: string): Promise<readonly string[]> =>
        (await itemsOf(repository.referrers(image.descriptor, artifactType === undefined ? {} : { artifactType })))
          .map((found) => found.digest)
          .sort();
      assert.deepEqual(await digests(), [sbom.descriptor.digest, signature.descriptor.digest].sort());
      assert.deepEqual(await digests("application/sbom"), [sbom.descriptor.digest]);
      const above = (await repository.predecessors(image.descriptor)).map((found) => found.digest);
      assert.deepEqual([...above].sort(), [sbom.descriptor.digest, signature.descriptor.digest].sort());
    },
  },
  {
    title: "[server/P13] repositories are listed in byte order, and need not exist to be named",
    async run(registry) {
      for (const name of ["b", "a/b", "a-b"]) await repositoryWith(registry, { latest: image }, name);
      assert.equal(registry.repository("none/yet").name, "none/yet");
      assert.deepEqual(await itemsOf(registry.repositories()), ["a-b", "a/b", "b"]);
      assert.deepEqual(await itemsOf(registry.repositories({ last: "a-b", pageSize: 1 })), ["a/b", "b"]);
      assert.throws(() => registry.repository("Not/Valid"), { code: "ERR_INVALID_REFERENCE" });
    },
  },
  {
    title: "[server/P13] a repository tells manifests from blobs by their media type",
    async run(registry) {
      const repository = registry.repository("a/b");
      await repository.push(config.descriptor, source(config));
      await repository.push(image.descriptor, source(image));
      await repository.tag(image.descriptor, "latest");
      assert.equal(await textOf(await repository.fetch(config.descriptor)), '{"os":"linux"}');
      assert.equal((await repository.resolve("latest")).digest, image.descriptor.digest);
      assert.deepEqual([await repository.exists(image.descriptor), await repository.exists(config.descriptor)], [true, true]);
      assert.deepEqual(await itemsOf(repository.tags()), ["latest"]);
      await repository.untag("latest");
      assert.deepEqual(await itemsOf(repository.tags()), []);
      await repository.delete(image.descriptor);
      assert.equal(await repository.exists(image.descriptor), false);
    },
  },
];
