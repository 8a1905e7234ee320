import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import {
  absentDigest,
  EMPTY_JSON,
  type ImageFields,
  imageManifest,
  indexManifest,
  type ManifestFixture,
  MALFORMED_DIGESTS,
} from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";
import type { Reply } from "../testing/reply.test-kit.ts";

const SUBJECT = imageManifest({ annotations: { the: "subject" } });

function manifestsOf(reply: Reply): readonly Descriptor[] {
  return (reply.json as { manifests: readonly Descriptor[] }).manifests;
}

async function withReferrers(...referrers: readonly ManifestFixture[]): Promise<RegistryServer> {
  const server = await useRegistry();
  await server.pushBlob("a", EMPTY_JSON);
  for (const referrer of referrers) await server.pushManifest("a", referrer.digest, referrer);
  return server;
}

const referrer = (fields: ImageFields = {}): ManifestFixture => imageManifest({ subject: SUBJECT.descriptor, ...fields });

test("[server/O6] a repository without referrers has an empty index, also one that does not exist", async () => {
  const server = await withReferrers();
  for (const name of ["a", "unknown"]) {
    const reply = await server.call("GET", `/v2/${name}/referrers/${SUBJECT.digest}`);
    expect([reply.status, reply.headers["content-type"], reply.json]).toEqual([
      200,
      MEDIA_TYPES.ociIndex,
      { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] },
    ]);
  }
});

test("[server/O6] a digest that cannot be read is 400", async () => {
  const server = await withReferrers();
  for (const digest of [...MALFORMED_DIGESTS, "x"]) {
    const reply = await server.call("GET", `/v2/a/referrers/${digest}`);
    expect([reply.status, reply.code], digest).toEqual([400, "DIGEST_INVALID"]);
  }
});

test("[server/O7] a referrer is described by its own artifact type, else its config's; an index without one has none", async () => {
  const config = { mediaType: "application/x.config", digest: digestOf(EMPTY_JSON), size: 2 };
  const [own, byConfig] = [referrer({ artifactType: "application/x" }), referrer({ config, annotations: { k: "v", other: "ü" } })];
  const [bareIndex, typedIndex] = [
    indexManifest([], { subject: SUBJECT.descriptor }),
    indexManifest([], { subject: SUBJECT.descriptor, artifactType: "application/y" }),
  ];
  const server = await withReferrers(own, byConfig, bareIndex, typedIndex);
  expect(manifestsOf(await server.call("GET", `/v2/a/referrers/${SUBJECT.digest}`))).toEqual([
    { ...own.descriptor, artifactType: "application/x" },
    { ...byConfig.descriptor, artifactType: "application/x.config", annotations: { k: "v", other: "ü" } },
    bareIndex.descriptor,
    { ...typedIndex.descriptor, artifactType: "application/y" },
  ]);
});

test("[server/O8] artifactType filters, and only then the filter is named", async () => {
  const [x, y] = [referrer({ artifactType: "application/x+json" }), referrer({ artifactType: "application/y" })];
  const server = await withReferrers(x, y);
  const all = await server.call("GET", `/v2/a/referrers/${SUBJECT.digest}`);
  expect([manifestsOf(all).length, all.headers["oci-filters-applied"]]).toEqual([2, undefined]);
  const filtered = await server.call("GET", `/v2/a/referrers/${SUBJECT.digest}?artifactType=${encodeURIComponent("application/x+json")}`);
  expect([manifestsOf(filtered).map(({ digest }) => digest), filtered.headers["oci-filters-applied"]]).toEqual([
    [x.digest],
    "artifactType",
  ]);
  const none = await server.call("GET", `/v2/a/referrers/${SUBJECT.digest}?artifactType=application/z`);
  expect([none.status, manifestsOf(none), none.headers["oci-filters-applied"]]).toEqual([200, [], "artifactType"]);
});

test("[server/O8] pages of 100 follow each other in a stable order, the filter kept", async () => {
  const wanted = Array.from({ length: 205 }, (_, n) => referrer({ artifactType: "application/x", annotations: { n: String(n) } }));
  const server = await withReferrers(
    ...wanted.flatMap((one, n) =>
      n % 50 === 0 ? [one, referrer({ artifactType: "application/other", annotations: { n: String(n) } })] : [one],
    ),
  );
  const seen: string[] = [];
  const sizes: number[] = [];
  let path: string | undefined = `/v2/a/referrers/${SUBJECT.digest}?artifactType=application/x`;
  while (path !== undefined) {
    const reply: Reply = await server.call("GET", path);
    expect(reply.headers["oci-filters-applied"]).toBe("artifactType");
    const page = manifestsOf(reply);
    sizes.push(page.length);
    seen.push(...page.map(({ digest }) => digest));
    path = /^<([^>]*)>; rel="next"$/.exec(reply.headers["link"]?.toString() ?? "")?.[1];
  }
  expect(sizes).toEqual([100, 100, 5]);
  expect(seen).toEqual(wanted.map(({ digest }) => digest));
});

test("[server/O8] a page ends before 4 MiB of descriptors", async () => {
  const large = Array.from({ length: 4 }, (_, n) => referrer({ annotations: { n: String(n), filler: "x".repeat(1_500_000) } }));
  const server = await withReferrers(...large);
  const first = await server.call("GET", `/v2/a/referrers/${SUBJECT.digest}`);
  expect(first.body.byteLength).toBeLessThan(4 << 20);
  expect(manifestsOf(first)).toHaveLength(2);
  expect(first.headers["link"]).toMatch(/last=\d+/);
});

test("[server/O9] a deleted referrer leaves the list at once, a deleted subject keeps its referrers", async () => {
  const [one, two] = [referrer({ annotations: { n: "1" } }), referrer({ annotations: { n: "2" } })];
  const server = await withReferrers(SUBJECT, one, two);
  await server.call("DELETE", `/v2/a/manifests/${one.digest}`);
  await server.call("DELETE", `/v2/a/manifests/${SUBJECT.digest}`);
  expect(manifestsOf(await server.call("GET", `/v2/a/referrers/${SUBJECT.digest}`)).map(({ digest }) => digest)).toEqual([two.digest]);
  expect(manifestsOf(await server.call("GET", `/v2/b/referrers/${SUBJECT.digest}`))).toEqual([]);
});

test("[server/O6,O8] what is no position of the list starts it from the beginning", async () => {
  const one = referrer();
  const server = await withReferrers(one);
  for (const last of ["x", "-1", "1e400", "", "99999999999999999999999"]) {
    expect(manifestsOf(await server.call("GET", `/v2/a/referrers/${SUBJECT.digest}?last=${last}`)), last).toHaveLength(1);
  }
  expect((await server.call("GET", `/v2/a/referrers/${absentDigest()}?last=1`)).status).toBe(200);
});
