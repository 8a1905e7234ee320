import { MEDIA_TYPES } from "@berth/oci";
import { indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { attachment, digestsListed, entry, index, push, setUp, subject, TAG } from "./referrers.test-kit.ts";

test("[client/B-36] without a tag there are no referrers", async () => {
  const { open } = await setUp();
  expect(await open().predecessors(subject.descriptor)).toEqual([]);
});

test("[client/B-36] an index over the limit is an error", async () => {
  const { manifests, open } = await setUp();
  manifests.put(TAG, index([entry(attachment("a"), "a")]), MEDIA_TYPES.ociIndex);
  await expect(open({ maxMetadataBytes: 100 }).predecessors(subject.descriptor)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});

test("[client/B-36] only an OCI index is believed, and never the subject itself", async () => {
  const { manifests, open } = await setUp();
  const child = { ...attachment("a").descriptor, platform: { architecture: "amd64", os: "linux" } };
  const list = indexManifest([child], { mediaType: MEDIA_TYPES.dockerManifestList });
  manifests.put(TAG, list.bytes, list.mediaType);
  expect(await open().predecessors(subject.descriptor)).toEqual([]);
  const multi = indexManifest([child]);
  manifests.put(multi.digest.replace(":", "-"), multi.bytes, multi.mediaType); // as if the registry took the tag for the digest
  expect(await open().predecessors(multi.descriptor)).toEqual([]);
});

test("[client/B-36] entries that cannot be read hide no others", async () => {
  const { manifests, open } = await setUp();
  const good = entry(attachment("a"), "a");
  manifests.put(TAG, index([{}, { mediaType: "x/y", digest: "blake3:00", size: 1 }, good, good]), MEDIA_TYPES.ociIndex);
  expect(await open().predecessors(subject.descriptor)).toEqual([good]);
});

const API = `/v2/team/app/referrers/${subject.digest}`;
const claims = { "oci-subject": subject.digest };

test("[client/B-33] OCI-Subject is believed once the list shows what was pushed, and then for good", async () => {
  const { registry, open } = await setUp();
  const a = attachment("a");
  registry.on("GET", API, { headers: { "content-type": MEDIA_TYPES.ociIndex }, body: index([entry(a, "a")]) });
  const referrers = open();
  await push(referrers, a, claims);
  expect(referrers.capability).toBe("supported");
  await push(referrers, attachment("b"), claims);
  expect(registry.journal()).toEqual([`GET ${API}?artifactType=application%2Fx.sbom`]);
});

test.each([
  ["there is no list", { status: 404 }],
  ["the list stays empty", { headers: { "content-type": MEDIA_TYPES.ociIndex }, body: index([]) }],
  ["the list is a web page", { headers: { "content-type": "text/html" }, body: "<html>" }],
])("[client/B-33,B-37] OCI-Subject is not believed when %s", async (_, answer) => {
  const { registry, manifests, open } = await setUp();
  registry.on("GET", API, answer);
  const referrers = open();
  await push(referrers, attachment("a"), claims);
  expect(referrers.capability).toBe("unsupported");
  expect(manifests.json(TAG)).toMatchObject({ manifests: [{ digest: attachment("a").digest }] });
});

test("[client/B-33] who may push but not read takes the registry's word", async () => {
  const { registry, manifests, open } = await setUp();
  registry.on("GET", API, { status: 403 });
  const referrers = open();
  await push(referrers, attachment("a"), claims);
  expect([referrers.capability, manifests.json(TAG)]).toEqual(["supported", undefined]);
});

test("[client/B-33] a list that answered before is doubted when a push is not in it", async () => {
  const { registry, manifests, open } = await setUp();
  registry.on("GET", API, { headers: { "content-type": MEDIA_TYPES.ociIndex }, body: index([]) });
  const referrers = open();
  expect(await referrers.predecessors(subject.descriptor)).toEqual([]);
  await push(referrers, attachment("a"));
  expect(manifests.json(TAG)).toMatchObject({ manifests: [{ digest: attachment("a").digest }] });
  expect(await digestsListed(referrers)).toEqual([attachment("a").digest]);
});

test("[client/B-33,B-34] a capability that was set is not doubted", async () => {
  const { registry, open } = await setUp();
  const referrers = open();
  referrers.setCapability(true);
  await push(referrers, attachment("a"));
  expect(registry.journal()).toEqual([]);
});
