import { parseDigest } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import type { ScriptedReply } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { ResponseError } from "../errors.ts";
import { parseImageName } from "./image-name.ts";
import { createRemoteRepository } from "./create-repository.ts";
import { failure, sample, scripted, textOf } from "./testing/scripted.test-kit.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const manifest = sample('{"schemaVersion":2}', TYPE);
const { digest } = manifest.descriptor;
const AT = "/v2/a/b/manifests/";

const typed = (type: string): ScriptedReply => ({ headers: { "content-type": type }, body: manifest.bytes });

test("[client/B-7,B-14] a repository keeps the tag or digest it was named with, and checks references into it", () => {
  expect(createRemoteRepository("r.test/a/b:v1").reference).toBe("v1");
  expect(createRemoteRepository(`oci://r.test/a/b:v1@${digest}`).reference).toBe(digest);
  const repository = createRemoteRepository("r.test/a/b");
  expect([repository.registry, repository.name, repository.reference]).toEqual(["r.test", "a/b", undefined]);
  expect(repository.parseReference(`v1@${digest}`)).toEqual({ registry: "r.test", repository: "a/b", reference: parseDigest(digest) });
  expect(repository.parseReference("localhost")).toMatchObject({ reference: "localhost" });
  expect(() => repository.parseReference("r.test/a/c:v1")).toThrow(/expected a reference within "r\.test\/a\/b"/);
  const { name, registry, reference } = createRemoteRepository(parseImageName("busybox:1.36"));
  expect([registry, name, reference]).toEqual(["docker.io", "library/busybox", "1.36"]);
  expect(() => createRemoteRepository("a")).toThrow(expect.objectContaining({ code: "ERR_INVALID_REFERENCE" }));
});

test("[client/B-19] fetchHead() gives the headers of manifests and blobs", async () => {
  const { server, repository } = await scripted();
  const blob = sample("blob");
  server
    .on("HEAD", `${AT}${digest}`, { headers: { "content-type": TYPE, ETag: '"e"' } })
    .on("HEAD", `/v2/a/b/blobs/${blob.descriptor.digest}`, { headers: { "OCI-X": "y" } });
  expect(await repository.fetchHead(manifest.descriptor)).toMatchObject({ etag: '"e"', "content-type": TYPE });
  expect(await repository.fetchHead(blob.descriptor)).toMatchObject({ "oci-x": "y" });
  expect(await failure(repository.fetchHead({ ...manifest.descriptor, digest: digestOf("other") }))).toMatchObject({
    code: "ERR_NOT_FOUND",
  });
  expect(server.journal("GET")).toEqual([]);
});

test("[client/B-21] exists() is true, false or an error", async () => {
  const { server, repository } = await scripted();
  const blob = sample("blob").descriptor;
  server
    .on("HEAD", `${AT}${digest}`, {}, { status: 404 }, { status: 403 })
    .on("HEAD", `/v2/a/b/blobs/${blob.digest}`, {}, { status: 404 }, { status: 403 });
  for (const target of [manifest.descriptor, blob]) {
    expect([await repository.exists(target), await repository.exists(target)]).toEqual([true, false]);
    expect(await failure(repository.exists(target))).toBeInstanceOf(ResponseError);
  }
});

test("[client/B-10,B-22] content of a type that is not listed is a blob; blobs and manifests can be forced", async () => {
  const { server, repository } = await scripted({ manifestMediaTypes: ["application/x.manifest"] });
  const custom = { ...manifest.descriptor, mediaType: "application/x.manifest" };
  server
    .on("GET", `/v2/a/b/blobs/${digest}`, { body: manifest.bytes })
    .on("GET", `${AT}${digest}`, typed("application/x.manifest"), typed(TYPE))
    .on("DELETE", `/v2/a/b/blobs/${digest}`, { status: 202 })
    .on("HEAD", `/v2/a/b/blobs/${digest}`, {});
  await textOf(await repository.fetch(manifest.descriptor));
  await textOf(await repository.fetch(custom));
  await textOf(await repository.blobs.fetch(custom));
  await textOf(await repository.manifests.fetch(manifest.descriptor));
  await repository.delete(manifest.descriptor);
  await repository.exists(manifest.descriptor);
  expect(server.journal().map((line) => line.replace(`/${digest}`, "").replace("/v2/a/b/", ""))).toEqual([
    "GET blobs",
    "GET manifests",
    "GET blobs",
    "GET manifests",
    "DELETE blobs",
    "HEAD blobs",
  ]);
});

test("[client/B-22] blobs are resolved by digest only", async () => {
  const { server, repository } = await scripted();
  expect(await failure(repository.blobs.resolve("latest"))).toMatchObject({ code: "ERR_INVALID_DIGEST" });
  expect(server.requests).toEqual([]);
});
