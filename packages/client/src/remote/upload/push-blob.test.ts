import { MEDIA_TYPES } from "@berth/oci";
import { expect, test } from "vitest";
import { ResponseError } from "../../errors.ts";
import { createRemoteRepository } from "../create-repository.ts";
import type { UploadProgress } from "./outgoing-blob.ts";
import { pushBlob } from "./push-blob.ts";
import { blobOf, randomBlob, startScripted, UPLOADS } from "./upload.test-kit.ts";

const hello = blobOf("hello world");
const HELLO = `digest=${encodeURIComponent(hello.descriptor.digest)}`;
const BLOB = `/v2/a/b/blobs/${hello.descriptor.digest}`;
const MIB = 1_048_576;

test("[client/A-21,B-25] a push is a POST and one PUT with the digest behind the registry's own query", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: `${UPLOADS}u?_state=a%3D%3D&x=1` } });
  registry.on("PUT", `${UPLOADS}u`, { status: 201 });
  await pushBlob(connection, "a/b", hello.descriptor, hello.bytes);
  expect(registry.journal()).toEqual([`POST ${UPLOADS}`, `PUT ${UPLOADS}u?_state=a%3D%3D&x=1&${HELLO}`]);
  const [post, put] = registry.requests;
  expect(post?.headers["content-length"]).toBe("0");
  expect(put?.headers).toMatchObject({ "content-type": "application/octet-stream", "content-length": "11" });
  expect(put?.headers["content-range"]).toBeUndefined();
  expect(put?.body.toString()).toBe("hello world");
});

test("[client/A-21] an empty blob is sent with Content-Length: 0", async () => {
  const { registry, connection } = await startScripted();
  const empty = blobOf("");
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 201 });
  await pushBlob(connection, "a/b", empty.descriptor, "");
  expect(registry.requests[1]?.headers).toMatchObject({ "content-type": "application/octet-stream", "content-length": "0" });
});

test("[client/B-25] POST must be answered 202 and PUT 201; the upload is thrown away otherwise", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 201, headers: { location: "u" } });
  await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world")).rejects.toThrow(ResponseError);
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } });
  registry.on("PUT", `${UPLOADS}u`, { status: 202, headers: { location: "u" } }).on("DELETE", `${UPLOADS}u`, { status: 204 });
  await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world")).rejects.toMatchObject({ status: 202 });
  expect(registry.journal("DELETE")).toEqual([`DELETE ${UPLOADS}u`]);
});

test("[client/B-25,B-26] a start without a Location is an error, and nothing is sent", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 202 });
  await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world")).rejects.toMatchObject({ code: "ERR_PROTOCOL" });
  expect(registry.journal()).toEqual([`POST ${UPLOADS}`]);
});

test("[client/X-6] algorithms other than sha256 are named when the upload starts", async () => {
  const { registry, connection } = await startScripted();
  const blob = blobOf("hello world", "sha512");
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 201 });
  await pushBlob(connection, "a/b", blob.descriptor, blob.bytes);
  expect(registry.journal()).toEqual([
    `POST ${UPLOADS}?digest-algorithm=sha512`,
    `PUT ${UPLOADS}u?digest=${encodeURIComponent(blob.descriptor.digest)}`,
  ]);
});

test("[client/X-6] a registry that finds the digest of another algorithm wrong is said not to know it, perhaps", async () => {
  const refused = { status: 400, body: JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "provided digest did not match" }] }) };
  const pushing = async (algorithm: "sha256" | "sha512"): Promise<unknown> => {
    const { registry, connection } = await startScripted();
    registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } });
    registry.on("PUT", `${UPLOADS}u`, refused).on("DELETE", `${UPLOADS}u`, { status: 204 });
    const blob = blobOf("hello world", algorithm);
    return await pushBlob(connection, "a/b", blob.descriptor, blob.bytes).catch((error: unknown) => error);
  };
  expect(await pushing("sha512")).toMatchObject({
    code: "ERR_UNSUPPORTED",
    message: expect.stringMatching(/^Cannot store content under a digest of "sha512": .*400.*; it may not know that algorithm$/),
    cause: { status: 400 },
  });
  expect(await pushing("sha256")).toMatchObject({ code: "ERR_RESPONSE", status: 400 });
});

test("progress counts bytes as they leave, and ends with all of them", async () => {
  const { registry, connection } = await startScripted();
  const { bytes, descriptor } = randomBlob(5 * MIB);
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 201 });
  const seen: number[] = [];
  const onProgress = ({ sent, moved, total }: UploadProgress): void => {
    expect([moved, total]).toEqual([sent, 5 * MIB]);
    seen.push(sent);
  };
  await pushBlob(connection, "a/b", descriptor, bytes, { onProgress });
  expect(seen).toEqual([1, 2, 3, 4, 5].map((count) => count * MIB));
  await pushBlob(connection, "a/b", hello.descriptor, "hello world", { onProgress: ({ sent }) => seen.push(sent) });
  expect(seen.slice(5)).toEqual([11]);
});

test("a repository pushes blobs with all the options of pushBlob(), and manifests as ever", async () => {
  const { registry, connection } = await startScripted();
  registry.on("HEAD", BLOB, { status: 404 }).on("POST", UPLOADS, { status: 202, headers: { location: "u" } });
  registry.on("PUT", `${UPLOADS}u`, { status: 201 }).on("PUT", /manifests/, { status: 201 });
  const repository = createRemoteRepository(`${registry.host}/a/b`, { connection });
  const seen: (number | string)[] = [];
  const watched = {
    skipExisting: true,
    onUpload: (id: string) => seen.push(id),
    onProgress: ({ sent }: { readonly sent: number }) => seen.push(sent),
  };
  await repository.push(hello.descriptor, "hello world", watched);
  await repository.push({ ...hello.descriptor, mediaType: MEDIA_TYPES.ociManifest }, "hello world", watched);
  expect(seen).toEqual([`${registry.url}${UPLOADS}u`, 11]);
  expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD", "POST", "PUT", "PUT"]);
});

test("an aborted push rejects with the signal's reason and throws its upload away", async () => {
  const { registry, connection } = await startScripted();
  const deleted = Promise.withResolvers<void>();
  const controller = new AbortController();
  const reason = new Error("enough");
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } });
  registry.on("PUT", `${UPLOADS}u`, () => {
    controller.abort(reason);
    return { hang: true };
  });
  registry.on("DELETE", `${UPLOADS}u`, () => {
    deleted.resolve();
    return { status: 204 };
  });
  await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world", { signal: controller.signal })).rejects.toBe(reason);
  await deleted.promise;
});

test("nor does who aborts wait while the upload of a push that failed is thrown away", async () => {
  const { registry, connection } = await startScripted();
  const controller = new AbortController();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 403 });
  registry.on("DELETE", `${UPLOADS}u`, () => {
    controller.abort("enough");
    return { hang: true };
  });
  await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world", { signal: controller.signal })).rejects.toBe("enough");
});

test("a bad chunk size or name is refused before anything is sent", async () => {
  const { registry, connection } = await startScripted();
  for (const chunkSize of [0, -1, 1.5, Number.NaN])
    await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world", { chunkSize })).rejects.toThrow(RangeError);
  await expect(pushBlob(connection, "A", hello.descriptor, "hello world")).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
  expect(registry.requests).toEqual([]);
});
