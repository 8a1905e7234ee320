import { MEDIA_TYPES } from "@berth/oci";
import { imageManifest, indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { ResponseError } from "../../errors.ts";
import { createRemoteRepository } from "../create-repository.ts";
import { ReferrersError, ReferrersIndexError } from "./errors.ts";
import { attachment, digestsListed, EMPTY, entry, index, push, setUp, subject, TAG, TAG_PATH } from "./referrers.test-kit.ts";

test("[client/B-37,B-33] an attachment is entered with type and annotations, and the old index deleted after the new one stands", async () => {
  const { registry, manifests, open } = await setUp();
  const referrers = open();
  const [a, b] = [attachment("a"), attachment("b")];
  await push(referrers, a);
  expect(referrers.capability).toBe("unsupported");
  expect(manifests.json(TAG)).toEqual({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [entry(a, "a")] });
  const old = manifests.tags.get(TAG);
  registry.requests.length = 0;
  await push(referrers, b);
  expect(manifests.json(TAG)).toMatchObject({ manifests: [entry(a, "a"), entry(b, "b")] });
  expect(registry.journal()).toEqual([`GET ${TAG_PATH}`, `PUT ${TAG_PATH}`, `GET ${TAG_PATH}`, `DELETE /v2/team/app/manifests/${old}`]);
  expect(manifests.byDigest.size).toBe(1);
});

test("[client/B-37] the type of an image without artifactType is that of its config", async () => {
  const { manifests, open } = await setUp();
  const image = imageManifest({ subject: subject.descriptor });
  await push(open(), image);
  expect(manifests.json(TAG)).toMatchObject({ manifests: [{ digest: image.digest, artifactType: MEDIA_TYPES.ociEmpty }] });
});

test("[client/B-37] an attachment that is listed already causes no PUT", async () => {
  const { registry, open } = await setUp();
  const referrers = open();
  await push(referrers, attachment("a"));
  registry.requests.length = 0;
  await push(referrers, attachment("a"));
  expect(registry.journal()).toEqual([`GET ${TAG_PATH}`]);
});

test("[client/B-37] repeated and empty entries are dropped; what nobody here knows is kept as it was", async () => {
  const { manifests, open } = await setUp();
  const [a, b] = [attachment("a"), attachment("b")];
  const known = { ...entry(a, "a"), "x-member": [1] };
  const foreign = { mediaType: "x/y", digest: "blake3:00", size: 1 };
  manifests.put(TAG, index([known, {}, known, foreign], { annotations: { kept: "yes" } }), MEDIA_TYPES.ociIndex);
  await push(open(), b);
  expect(manifests.json(TAG)).toMatchObject({ annotations: { kept: "yes" }, manifests: [known, foreign, entry(b, "b")] });
});

test("[client/B-37] skipReferrersGc leaves the old index", async () => {
  const { registry, manifests, open } = await setUp();
  const referrers = open({ skipReferrersGc: true });
  await push(referrers, attachment("a"));
  await push(referrers, attachment("b"));
  expect(registry.journal("DELETE")).toEqual([]);
  expect(manifests.byDigest.size).toBe(2);
});

test("[client/B-37] the empty index is never deleted: other subjects may have the same", async () => {
  const { registry, manifests, open } = await setUp();
  manifests.put(TAG, EMPTY.bytes, EMPTY.mediaType);
  manifests.put("sha256-of-another", EMPTY.bytes, EMPTY.mediaType);
  await push(open(), attachment("a"));
  expect(registry.journal("DELETE")).toEqual([]);
  expect(manifests.json("sha256-of-another")).toMatchObject({ manifests: [] });
});

test("[client/B-37] manifests without a subject cause no request", async () => {
  const { registry, open } = await setUp();
  await push(open(), subject);
  const list = indexManifest([], { mediaType: MEDIA_TYPES.dockerManifestList, subject: subject.descriptor });
  await push(open(), list); // Docker manifests have no subject
  expect(registry.journal()).toEqual([]);
});

test("[client/B-37] a tag that holds something else is left alone", async () => {
  const { registry, manifests, open } = await setUp();
  const other = imageManifest({ annotations: { precious: "yes" } });
  manifests.put(TAG, other.bytes, other.mediaType);
  await expect(push(open(), attachment("a"))).rejects.toThrow(ReferrersIndexError);
  expect(registry.journal("PUT")).toEqual([]);
});

test("[client/B-37] a registry that takes the tag for the digest is found out, and the subject not deleted", async () => {
  const { registry, open } = await setUp();
  registry.on("GET", TAG_PATH, { headers: { "content-type": subject.mediaType }, body: subject.bytes });
  await expect(push(open(), attachment("a"))).rejects.toThrow("the registry takes its tag for the digest");
  expect(registry.journal("DELETE")).toEqual([]);
});

test("[client/B-39] an old index that cannot be deleted is an error of its own, and the attachment is listed", async () => {
  const { open } = await setUp({ refuseDeletes: true });
  const referrers = open();
  const [a, b] = [attachment("a"), attachment("b")];
  await push(referrers, a);
  const failure: unknown = await push(referrers, b).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ReferrersError);
  expect(failure).toMatchObject({
    isIndexDelete: true,
    operation: "delete-index",
    subject: { digest: subject.digest },
    cause: { status: 405 },
  });
  expect(await digestsListed(referrers)).toEqual([a.digest, b.digest]);
});

test("[client/B-39] other failures of the index are plain errors", async () => {
  const { registry, open } = await setUp();
  registry.on("PUT", TAG_PATH, { status: 403 });
  const failure: unknown = await push(open(), attachment("a")).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ResponseError);
});

test("[client/B-31,B-37] the last attachment takes the index with it, without a new one", async () => {
  const { registry, manifests, open } = await setUp();
  const a = attachment("a");
  manifests.put(a.digest, a.bytes, a.mediaType);
  const old = manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
  await open().beforeDelete(a.descriptor);
  expect(registry.journal()).toEqual([
    `GET /v2/team/app/manifests/${a.digest}`,
    `GET /v2/team/app/referrers/sha256:${"0".repeat(64)}`,
    `GET ${TAG_PATH}`,
    `DELETE /v2/team/app/manifests/${old}`,
    `GET ${TAG_PATH}`,
  ]);
});

test("[client/B-37] with skipReferrersGc the last attachment leaves an empty index", async () => {
  const { registry, manifests, open } = await setUp();
  const a = attachment("a");
  manifests.put(a.digest, a.bytes, a.mediaType);
  manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
  await open({ skipReferrersGc: true }).beforeDelete(a.descriptor);
  expect(manifests.json(TAG)).toMatchObject({ manifests: [] });
  expect(registry.journal("DELETE")).toEqual([]);
});

test("[client/B-31] an attachment among others is taken out, the others stay", async () => {
  const { manifests, open } = await setUp();
  const [a, b] = [attachment("a"), attachment("b")];
  manifests.put(a.digest, a.bytes, a.mediaType);
  manifests.put(TAG, index([entry(a, "a"), entry(b, "b")]), MEDIA_TYPES.ociIndex);
  await open().beforeDelete(a.descriptor);
  expect(manifests.json(TAG)).toMatchObject({ manifests: [entry(b, "b")] });
});

test("[client/B-31] nothing is touched when the registry has the API, or the manifest no subject, or is gone", async () => {
  const { registry, manifests, open } = await setUp();
  manifests.put(subject.digest, subject.bytes, subject.mediaType);
  await open().beforeDelete(subject.descriptor);
  await open().beforeDelete(attachment("gone").descriptor);
  expect(registry.journal()).toHaveLength(2);
  const referrers = open();
  referrers.setCapability(true);
  await referrers.beforeDelete(attachment("a").descriptor);
  expect(registry.journal()).toHaveLength(2);
});

test("[client/B-31,B-39] an index that cannot be deleted is reported before the manifest is deleted", async () => {
  const { manifests, open } = await setUp({ refuseDeletes: true });
  const a = attachment("a");
  manifests.put(a.digest, a.bytes, a.mediaType);
  manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
  await expect(open().beforeDelete(a.descriptor)).rejects.toThrow(ReferrersError);
});

test("[client/B-31] a repository takes an attachment out of the index before it deletes it, and keeps it when that fails", async () => {
  for (const refuseDeletes of [false, true]) {
    const { registry, manifests } = await setUp({ refuseDeletes });
    const repository = createRemoteRepository(`${registry.host}/team/app`, { plainHttp: true, retry: false });
    const a = attachment("a");
    manifests.put(a.digest, a.bytes, a.mediaType);
    const old = manifests.put(TAG, index([entry(a, "a")]), MEDIA_TYPES.ociIndex);
    const outcome = await repository.delete(a.descriptor).catch((error: unknown) => error);
    const [first, ...others] = registry.journal("DELETE");
    expect(first).toBe(`DELETE /v2/team/app/manifests/${old}`);
    expect(others).toEqual(refuseDeletes ? [] : [`DELETE /v2/team/app/manifests/${a.digest}`]);
    expect(outcome instanceof ReferrersError).toBe(refuseDeletes);
  }
});
