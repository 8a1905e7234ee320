import { BlobMountedError, BlobUploadUnknownError, DigestMismatchError, SizeMismatchError } from "@berth/oci";
import { expect, test } from "vitest";
import { createBlobUploader } from "./blob-uploader.ts";
import { blobOf, noWait, once, randomBlob, rangesOf, startScripted, taken, UPLOAD, UPLOADS } from "./upload.test-kit.ts";

const KIB = 1024;
const options = { backoff: noWait, chunkSize: 100 * KIB };
const started = { status: 202, headers: { location: "u?_state=0" } };
const hello = blobOf("hello world");
const large = randomBlob(250 * KIB);

async function start() {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("DELETE", UPLOAD, { status: 204 });
  const ranges = () => rangesOf(registry);
  return { registry, uploader: createBlobUploader(connection, "a/b", options), ranges };
}

test("[client/X-3] an upload that fits into one chunk is one PUT, however small the writes were", async () => {
  const { registry, uploader } = await start();
  registry.on("PUT", UPLOAD, { status: 201, headers: { "docker-content-digest": hello.descriptor.digest } });
  const upload = await uploader.create();
  const buffer = Buffer.alloc(1);
  for (const byte of hello.bytes) {
    buffer[0] = byte; // the same memory each time
    await upload.write(buffer);
  }
  expect(upload.size).toBe(11);
  const mediaType = "text/plain";
  expect(await upload.commit({ ...hello.descriptor, mediaType })).toEqual({ ...hello.descriptor, mediaType });
  expect(registry.journal()).toEqual([`POST ${UPLOADS}`, `PUT ${UPLOAD}?_state=0&digest=${encodeURIComponent(hello.descriptor.digest)}`]);
  expect(registry.requests[1]?.body.toString()).toBe("hello world");
});

test("[client/X-3] what is over a chunk is sent, the rest when it is committed", async () => {
  const { registry, uploader, ranges } = await start();
  registry.on("PATCH", UPLOAD, taken("v", 100 * KIB - 1)).on("PATCH", `${UPLOADS}v`, taken("w", 200 * KIB - 1));
  registry.on("PATCH", `${UPLOADS}w`, taken("x", 250 * KIB - 1)).on("PUT", `${UPLOADS}x`, { status: 201 });
  const upload = await uploader.create();
  expect(await upload.writeFrom(once(large.bytes, 64 * KIB))).toBe(250 * KIB);
  expect([upload.size, ranges()]).toEqual([250 * KIB, [`0-${100 * KIB - 1}`, `${100 * KIB}-${200 * KIB - 1}`]]);
  expect(upload.id).toBe(`${registry.url}${UPLOADS}w`);
  expect(await upload.commit({ digest: large.descriptor.digest })).toEqual(large.descriptor);
  expect(ranges().at(-1)).toBe(`${200 * KIB}-${250 * KIB - 1}`);
  expect(Buffer.concat(registry.requests.map(({ body }) => body)).equals(large.bytes)).toBe(true);
});

test("[client/X-3] an upload is closed with its bytes sent, and resumed by its id where the registry is", async () => {
  const { registry, uploader, ranges } = await start();
  registry.on("PATCH", UPLOAD, taken("v?_state=1", 10));
  const upload = await uploader.create();
  await upload.write(hello.bytes);
  expect(registry.journal()).toEqual([`POST ${UPLOADS}`]);
  await upload.close();
  await upload.close();
  expect([upload.id, upload.size]).toEqual([`${registry.url}${UPLOADS}v?_state=1`, 11]);
  await expect(upload.write(hello.bytes)).rejects.toThrow(TypeError);

  registry.on("GET", `${UPLOADS}v`, { status: 204, headers: { location: `${UPLOADS}v?_state=2`, range: "0-10" } });
  registry.on("PATCH", `${UPLOADS}v`, taken("w", 21)).on("PUT", `${UPLOADS}w`, { status: 201 });
  const again = await uploader.resume(upload.id);
  expect(again.size).toBe(11);
  await again.write(hello.bytes);
  const twice = blobOf(Buffer.concat([hello.bytes, hello.bytes]));
  expect(await again.commit({ digest: twice.descriptor.digest })).toEqual(twice.descriptor);
  expect(ranges()).toEqual(["0-10", "11-21"]);
});

test("[client/X-3] bytes that are no chunk for the registry are not kept when it is closed", async () => {
  const { registry, uploader } = await start();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u", "oci-chunk-min-length": String(150 * KIB) } });
  const upload = await uploader.create();
  await upload.write(large.bytes.subarray(0, 120 * KIB));
  expect(upload.size).toBe(120 * KIB);
  await upload.close();
  expect([upload.size, registry.journal("PATCH")]).toEqual([0, []]);
});

test("a registry that asks for chunks larger than memory allows is refused", async () => {
  const { registry, uploader } = await start();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u", "oci-chunk-min-length": "999999999999" } });
  const upload = await uploader.create();
  await expect(upload.write(hello.bytes)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});

test("[client/X-3] an id that names nothing, or nothing any more, is an unknown upload", async () => {
  const { registry, uploader } = await start();
  for (const id of ["", "u", "file:///etc/passwd", `${registry.url}${UPLOADS}gone`])
    await expect(uploader.resume(id)).rejects.toThrow(BlobUploadUnknownError);
});

test("[client/X-3] a chunk that is cut off is gone on with from where the registry is", async () => {
  const { registry, uploader, ranges } = await start();
  registry
    .on("PATCH", UPLOAD, { cutAfter: -1 }, taken("u", 100 * KIB - 1))
    .on("GET", UPLOAD, { status: 204, headers: { range: "0-1023" } });
  const upload = await uploader.create();
  await upload.write(large.bytes.subarray(0, 100 * KIB));
  expect([ranges(), upload.size]).toEqual([[`0-${100 * KIB - 1}`, `1024-${100 * KIB - 1}`], 100 * KIB]);
});

test("what could not be sent waits for the next call, and is counted", async () => {
  const { registry, uploader, ranges } = await start();
  registry.on("PATCH", UPLOAD, { status: 403 }, taken("u", 100 * KIB - 1), taken("u", 100 * KIB + 10)).on("PUT", UPLOAD, { status: 201 });
  const upload = await uploader.create();
  await expect(upload.write(large.bytes.subarray(0, 100 * KIB))).rejects.toMatchObject({ status: 403 });
  expect(upload.size).toBe(100 * KIB);
  await upload.write(hello.bytes);
  const whole = blobOf(Buffer.concat([large.bytes.subarray(0, 100 * KIB), hello.bytes]));
  expect(await upload.commit({ digest: whole.descriptor.digest })).toEqual(whole.descriptor);
  expect(ranges()).toEqual([`0-${100 * KIB - 1}`, `0-${100 * KIB - 1}`, `${100 * KIB}-${100 * KIB + 10}`]);
});

test("a commit checks size and digest before it asks; a wrong digest ends the upload, a wrong size does not", async () => {
  const { registry, uploader } = await start();
  const upload = await uploader.create();
  await upload.write(hello.bytes);
  await expect(upload.commit({ ...hello.descriptor, size: 10 })).rejects.toThrow(SizeMismatchError);
  expect(upload.size).toBe(11);
  const wrong = upload.commit({ digest: blobOf("another").descriptor.digest });
  await expect(wrong).rejects.toThrow(DigestMismatchError);
  expect(registry.journal()).toEqual([`POST ${UPLOADS}`, `DELETE ${UPLOAD}?_state=0`]);
  await expect(upload.commit(hello.descriptor)).rejects.toThrow(BlobUploadUnknownError);
  await upload.cancel();
  expect(registry.journal("DELETE")).toHaveLength(1);
});

test("a wrong digest is told however throwing the upload away ends, and who aborts does not wait for that", async () => {
  const { registry, uploader } = await start();
  const other = { digest: blobOf("another").descriptor.digest };
  registry.on("DELETE", UPLOAD, { status: 403 });
  const refused = await uploader.create();
  await refused.write(hello.bytes);
  await expect(refused.commit(other)).rejects.toThrow(DigestMismatchError);
  const controller = new AbortController();
  registry.on("DELETE", UPLOAD, () => {
    controller.abort("enough");
    return { hang: true };
  });
  const silent = await uploader.create();
  await silent.write(hello.bytes);
  await expect(silent.commit(other, { signal: controller.signal })).rejects.toBe("enough");
});

test("a digest that only the registry can check is checked there", async () => {
  const { registry, uploader } = await start();
  const body = '{"errors":[{"code":"DIGEST_INVALID"}]}';
  registry.on("PUT", UPLOAD, { status: 400, headers: { "content-type": "application/json" }, body });
  const upload = await uploader.create(); // which hashes with sha256
  await upload.write(hello.bytes);
  const { digest } = blobOf("another", "sha512").descriptor;
  await expect(upload.commit({ digest })).rejects.toMatchObject({
    code: "ERR_DIGEST_MISMATCH",
    expected: digest,
    from: registry.host, // only it knows
    message: `Cannot accept content from "${registry.host}": digest is "unknown", expected "${digest}"`,
    cause: { status: 400 },
  });
  await expect(upload.write(hello.bytes)).rejects.toThrow(BlobUploadUnknownError);
});

test("[client/X-3] a commit that was cut off goes on from where the registry is", async () => {
  const { registry, uploader, ranges } = await start();
  registry.on("PUT", UPLOAD, { cutAfter: -1 }, { status: 201 }).on("PATCH", UPLOAD, taken("u", 10));
  registry.on("GET", UPLOAD, { status: 204, headers: { range: "0-5" } });
  const upload = await uploader.create();
  await upload.write(hello.bytes);
  await upload.commit(hello.descriptor);
  expect(ranges()).toEqual(["6-10"]);
  expect(registry.requests.map(({ method }) => method)).toEqual(["POST", "PUT", "GET", "PATCH", "PUT"]);
});

test("[client/X-3] a commit whose answer alone was lost is found to have worked", async () => {
  const { registry, uploader } = await start();
  registry.on("PUT", UPLOAD, { cutAfter: -1 }, { status: 404 }).on("HEAD", `/v2/a/b/blobs/${hello.descriptor.digest}`, { status: 200 });
  registry.on("GET", UPLOAD, { status: 204, headers: { range: "0-10" } });
  const upload = await uploader.create();
  await upload.write(hello.bytes);
  expect(await upload.commit(hello.descriptor)).toEqual(hello.descriptor);
});

test("[client/X-3] an upload that somebody else ended is unknown", async () => {
  const { uploader } = await start();
  const upload = await uploader.create();
  await upload.write(hello.bytes);
  await expect(upload.commit(hello.descriptor)).rejects.toThrow(BlobUploadUnknownError);
});

test("[client/X-3] cancelling deletes the upload, once", async () => {
  const { registry, uploader } = await start();
  const upload = await uploader.create();
  await upload.cancel();
  await upload.cancel();
  expect(registry.journal("DELETE")).toEqual([`DELETE ${UPLOAD}?_state=0`]);
  await expect(upload.write(hello.bytes)).rejects.toThrow(BlobUploadUnknownError);
});

test("[client/X-6] the algorithm is named when the upload starts", async () => {
  const { registry, uploader } = await start();
  await uploader.create({ digestAlgorithm: "sha512" });
  await uploader.create({ digestAlgorithm: "sha256" });
  expect(registry.journal()).toEqual([`POST ${UPLOADS}?digest-algorithm=sha512`, `POST ${UPLOADS}`]);
});

test("[client/B-29] an upload that a mount makes needless is not started", async () => {
  const { registry, uploader } = await start();
  const { descriptor } = hello;
  registry.on("POST", UPLOADS, { status: 201 }).on("HEAD", `/v2/a/b/blobs/${descriptor.digest}`, { headers: { "content-length": "11" } });
  const error: unknown = await uploader.create({ mount: { digest: descriptor.digest, from: "c" } }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BlobMountedError);
  expect(error).toMatchObject({ from: "c", descriptor });
  await expect(uploader.create({ mount: { digest: descriptor.digest, stat: descriptor } })).rejects.toMatchObject({ descriptor });
  registry.on("POST", UPLOADS, started, { status: 403 }, started);
  for (let times = 0; times < 2; times++) expect((await uploader.create({ mount: { digest: descriptor.digest, from: "c" } })).size).toBe(0);
  expect(registry.journal("POST").at(-1)).toBe(`POST ${UPLOADS}`);
});

test("[client/D-6] a blob that was mounted is described by one byte of it where HEAD lacks the length", async () => {
  const { registry, uploader } = await start();
  const { descriptor } = hello;
  const part = { status: 206, headers: { "content-range": "bytes 0-0/11" }, body: "h" };
  registry
    .on("POST", UPLOADS, { status: 201 })
    .on("HEAD", `/v2/a/b/blobs/${descriptor.digest}`, { headers: { "transfer-encoding": "chunked" } });
  registry.on("GET", `/v2/a/b/blobs/${descriptor.digest}`, part);
  await expect(uploader.create({ mount: { digest: descriptor.digest, from: "c" } })).rejects.toMatchObject({ descriptor });
});

test("calls reject with the reason of their signal", async () => {
  const { uploader } = await start();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const upload = await uploader.create();
  await expect(uploader.create({ signal })).rejects.toBe(reason);
  await expect(uploader.resume(upload.id, { signal })).rejects.toBe(reason);
  await expect(upload.write(hello.bytes, { signal })).rejects.toBe(reason);
  await expect(upload.commit(hello.descriptor, { signal })).rejects.toBe(reason);
  expect(upload.size).toBe(0);
});
