import { MEDIA_TYPES } from "@berth/oci";
import { expect, test } from "vitest";
import { ChallengeError } from "../auth/authorizer.ts";
import { absentDigest, EMPTY_JSON, imageManifest, indexManifest } from "../testing/fixtures.test-kit.ts";
import { useRegistry } from "../testing/harness.test-kit.ts";

/* The exact bodies that clients and tools know. Each ends with a newline. */

test("[server/R1,A8] MANIFEST_UNKNOWN", async () => {
  const server = await useRegistry();
  expect((await server.call("GET", "/v2/a/b/manifests/x")).text).toBe(
    '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":"unknown tag=x"}]}\n',
  );
});

test("[server/R1,A4] MANIFEST_BLOB_UNKNOWN", async () => {
  const server = await useRegistry();
  const digest = absentDigest();
  const { bytes, mediaType } = indexManifest([{ mediaType: MEDIA_TYPES.ociManifest, digest, size: 1 }]);
  const reply = await server.call("PUT", "/v2/a/b/manifests/x", { body: bytes, headers: { "content-type": mediaType } });
  expect(reply.text).toBe(`{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":"${digest}"}]}\n`);
});

test("[server/R1,Z2] NAME_UNKNOWN and PAGINATION_NUMBER_INVALID", async () => {
  const server = await useRegistry();
  expect((await server.call("GET", "/v2/a/b/tags/list")).text).toBe(
    '{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry","detail":{"name":"a/b"}}]}\n',
  );
  expect((await server.call("GET", "/v2/a/b/tags/list?n=-1")).text).toBe(
    '{"errors":[{"code":"PAGINATION_NUMBER_INVALID","message":"invalid number of results requested","detail":{"n":-1}}]}\n',
  );
});

test("[server/R1,L10] UNAUTHORIZED", async () => {
  const server = await useRegistry({
    authorizer: { authorize: (_, accesses) => Promise.reject(new ChallengeError('Basic realm="x"', accesses, "no")) },
  });
  expect((await server.call("GET", "/v2/a/b/tags/list")).text).toBe(
    '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"a/b","Action":"pull"}]}]}\n',
  );
});

test("[server/Z1] tags, with their Link", async () => {
  const server = await useRegistry();
  for (const tag of ["1.0", "1.1", "1.2"]) await server.pushManifest("a/b", tag, indexManifest([]));
  const reply = await server.call("GET", "/v2/a/b/tags/list?n=2");
  expect([reply.text, reply.headers["link"]]).toEqual([
    '{"name":"a/b","tags":["1.0","1.1"]}\n',
    '</v2/a/b/tags/list?last=1.1&n=2>; rel="next"',
  ]);
});

test("[server/Z3] the catalog, with its Link", async () => {
  const server = await useRegistry();
  for (const name of ["a/b", "c", "d"]) await server.pushManifest(name, "x", indexManifest([]));
  const reply = await server.call("GET", "/v2/_catalog?n=2");
  expect([reply.text, reply.headers["link"]]).toEqual(['{"repositories":["a/b","c"]}\n', '</v2/_catalog?last=c&n=2>; rel="next"']);
});

test("[server/O7] referrers", async () => {
  const server = await useRegistry();
  await server.pushBlob("a/b", EMPTY_JSON);
  const subject = imageManifest();
  const referrer = imageManifest({ subject: subject.descriptor, artifactType: "application/x", annotations: { k: "v" } });
  await server.pushManifest("a/b", referrer.digest, referrer);
  expect((await server.call("GET", `/v2/a/b/referrers/${subject.digest}`)).text).toBe(
    `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${referrer.digest}","size":${referrer.bytes.byteLength},"annotations":{"k":"v"},"artifactType":"application/x"}]}\n`,
  );
});
