import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MetadataStore } from "../store.ts";
import { blobInput, digestOf, manifestInput, reference } from "../testing/fixtures.ts";
import { MetadataModel } from "../testing/metadata-model.ts";
import { openSqliteMetadata } from "./open-sqlite-metadata.ts";

const REPOSITORIES = ["a-b", "a/b", "b"] as const;
const BLOBS = ["b0", "b1", "b2"] as const;
const MANIFESTS = ["m0", "m1", "m2", "m3"] as const;
const TAGS = ["A", "a", "a-1", "a.1"] as const;
const ALL = 100;

/** Does something to both and compares what they answer. */
type Operation = (store: MetadataStore, model: MetadataModel) => Promise<void>;

const repository = fc.constantFrom(...REPOSITORIES);
const blob = fc.constantFrom(...BLOBS);
const manifest = fc.constantFrom(...MANIFESTS);
const tag = fc.constantFrom(...TAGS);

const commitBlob = fc.tuple(repository, blob).map(
  ([name, content]): Operation =>
    async (store, model) => {
      const input = blobInput(content, { repository: name });
      expect(await store.commitBlob(input)).toMatchObject({ outcome: "linked" });
      model.commitBlob(input);
    },
);

const mountBlob = fc.tuple(repository, repository, blob).map(
  ([name, from, content]): Operation =>
    async (store, model) => {
      const mounted = await store.mountBlob({ repository: name, from, digest: digestOf(content) });
      expect(mounted !== undefined).toBe(model.mountBlob(name, from, digestOf(content)));
    },
);

const unlinkBlob = fc.tuple(repository, blob).map(
  ([name, content]): Operation =>
    async (store, model) => {
      expect(await store.unlinkBlob(name, digestOf(content))).toBe(model.unlinkBlob(name, digestOf(content)));
    },
);

const putManifest = fc
  .record({
    name: repository,
    content: manifest,
    tags: fc.array(tag, { maxLength: 2 }),
    layers: fc.array(blob, { maxLength: 2 }),
    child: fc.option(manifest),
    subject: fc.option(manifest),
  })
  .map(
    ({ name, content, tags, layers, child, subject }): Operation =>
      async (store, model) => {
        const references = [
          ...layers.map((layer) => reference(digestOf(layer))),
          ...(child === null ? [] : [reference(digestOf(child), { kind: "child" })]),
          ...(subject === null ? [] : [reference(digestOf(subject), { kind: "subject", required: false })]),
        ];
        const input = manifestInput(content, {
          repository: name,
          tags: tags.toSorted(),
          references,
          ...(subject === null ? {} : { subject: digestOf(subject) }),
        });
        expect(await store.putManifest(input)).toEqual(model.putManifest(input));
      },
  );

const deleteManifest = fc.tuple(repository, manifest).map(
  ([name, content]): Operation =>
    async (store, model) => {
      const deleted = await store.deleteManifest(name, digestOf(content));
      expect(deleted?.tags).toEqual(model.deleteManifest(name, digestOf(content)));
    },
);

const setTag = fc.tuple(repository, tag, manifest).map(
  ([name, value, content]): Operation =>
    async (store, model) => {
      expect(await store.setTag(name, value, digestOf(content))).toBe(model.setTag(name, value, digestOf(content)));
    },
);

const deleteTag = fc.tuple(repository, tag).map(
  ([name, value]): Operation =>
    async (store, model) => {
      expect(await store.deleteTag(name, value)).toBe(model.deleteTag(name, value));
    },
);

const deleteRepository = repository.map(
  (name): Operation =>
    async (store, model) => {
      expect(await store.deleteRepository(name)).toBe(model.deleteRepository(name));
    },
);

const operation = fc.oneof(
  { arbitrary: commitBlob, weight: 5 },
  { arbitrary: putManifest, weight: 8 },
  { arbitrary: setTag, weight: 3 },
  { arbitrary: mountBlob, weight: 2 },
  { arbitrary: deleteManifest, weight: 2 },
  { arbitrary: deleteTag, weight: 2 },
  { arbitrary: unlinkBlob, weight: 1 },
  { arbitrary: deleteRepository, weight: 1 },
);

/** Compares everything that can be read. */
async function expectSame(store: MetadataStore, model: MetadataModel): Promise<void> {
  expect(await store.listRepositories({ limit: ALL })).toEqual(model.names);
  for (const name of REPOSITORIES) {
    const held = model.find(name);
    expect(await store.hasRepository(name)).toBe(held !== undefined);
    expect(await store.listTags(name, { limit: ALL })).toEqual(held === undefined ? undefined : [...held.tags.keys()].toSorted());
    expect(await store.listBlobs(name, { limit: ALL })).toEqual([...(held?.blobs ?? [])].toSorted());
    expect(await store.listManifests(name, { limit: ALL })).toEqual([...(held?.manifests.keys() ?? [])].toSorted());
    for (const content of BLOBS) {
      const digest = digestOf(content);
      expect((await store.findBlob(name, digest)) !== undefined).toBe(held?.blobs.has(digest) ?? false);
      expect((await store.listPredecessors(name, digest, ALL)).map((row) => row.digest)).toEqual(naming(held, digest));
    }
    for (const content of MANIFESTS) {
      const digest = digestOf(content);
      const manifests = [...(held?.manifests ?? [])];
      expect((await store.findManifest(name, { digest })) !== undefined).toBe(held?.manifests.has(digest) ?? false);
      expect(await store.listTagsOf(name, digest, { limit: ALL })).toEqual(held?.tagsOf(digest) ?? []);
      const referrers = await store.listReferrers({ repository: name, subject: digest, limit: ALL });
      expect(referrers.map((row) => row.digest)).toEqual(manifests.flatMap(([key, { subject }]) => (subject === digest ? [key] : [])));
      expect((await store.listPredecessors(name, digest, ALL)).map((row) => row.digest)).toEqual(naming(held, digest));
    }
    for (const value of TAGS) {
      expect((await store.statManifest(name, { tag: value }))?.digest).toBe(held?.tags.get(value));
      const history = await store.listTagHistory(name, value, ALL);
      const expected = (held?.history ?? []).filter((entry) => entry.tag === value).toReversed();
      expect(history.map(({ digest, operation: kind }) => ({ tag: value, digest, operation: kind }))).toEqual(expected);
      const kept = new Set(expected.flatMap(({ digest }) => (held?.manifests.has(digest) === true ? [digest] : [])));
      expect(await store.listTagDigests(name, value)).toEqual([...kept].toSorted());
    }
  }
}

function naming(held: ReturnType<MetadataModel["find"]>, digest: string): string[] {
  return [...(held?.manifests ?? [])].flatMap(([key, { names }]) => ([...names].some((name) => name === digest) ? [key] : []));
}

describe("MetadataStore on SQLite", () => {
  test("[server/SQ22,SQ23,SQ25] answers as a simple model does, whatever is done to it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
        const store = await openSqliteMetadata({ path: ":memory:" });
        const model = new MetadataModel();
        for (const run of operations) await run(store, model);
        await expectSame(store, model);
        await store.close();
      }),
      { numRuns: 60 },
    );
  });
});
