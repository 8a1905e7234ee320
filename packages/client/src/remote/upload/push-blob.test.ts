import { Readable } from "node:stream";
import { DigestMismatchError, MEDIA_TYPES, SizeMismatchError } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { ResponseError, UnreplayableBodyError } from "../../errors.ts";
import { createRemoteRepository } from "../create-repository.ts";
import type { UploadProgress } from "./outgoing-blob.ts";
import { pushBlob } from "./push-blob.ts";
import { blobOf, noWait, once, randomBlob, recorded, startScripted, UPLOADS } from "./upload.test-kit.ts";

const hello = blobOf("hello world");
const HELLO = `digest=${encodeURIComponent(hello.descriptor.digest)}`;
const BLOB = `/v2/a/b/blobs/${hello.descriptor.digest}`;
const options = { backoff: noWait };
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

test("[client/B-25] content of another size or digest is found out before anything is sent when it is small or its size is known", async () => {
  const { registry, connection } = await startScripted();
  const { bytes, descriptor } = randomBlob(5 * MIB);
  const cases = [
    () => pushBlob(connection, "a/b", hello.descriptor, "hello"),
    () => pushBlob(connection, "a/b", hello.descriptor, once(Buffer.from("hello world!"))),
    () => pushBlob(connection, "a/b", { ...descriptor, size: descriptor.size + 1 }, bytes),
    () => pushBlob(connection, "a/b", { ...descriptor, size: descriptor.size - 1 }, recorded(bytes).source),
  ];
  for (const push of cases) await expect(push()).rejects.toThrow(SizeMismatchError);
  await expect(pushBlob(connection, "a/b", hello.descriptor, "hello w0rld")).rejects.toThrow(DigestMismatchError);
  await expect(pushBlob(connection, "a/b", hello.descriptor, once(Buffer.from("hello w0rld")))).rejects.toThrow(DigestMismatchError);
  expect(registry.requests).toEqual([]);
});

test("[client/B-25] a lie about large content is found out before the registry has its last byte", async () => {
  const { registry, connection } = await startScripted();
  const { bytes, descriptor } = randomBlob(5 * MIB);
  const wrong = { ...descriptor, digest: digestOf("something else") };
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 201 });
  registry.on("DELETE", `${UPLOADS}u`, { status: 204 });
  for (const [expected, content, error] of [
    [wrong, () => recorded(bytes).source, DigestMismatchError],
    [wrong, () => bytes, DigestMismatchError],
    [wrong, () => once(bytes), DigestMismatchError],
    [{ ...descriptor, size: descriptor.size - 1 }, () => once(bytes), SizeMismatchError],
    [{ ...descriptor, size: descriptor.size + 1 }, () => once(bytes), SizeMismatchError],
    [{ ...descriptor, size: descriptor.size - 65_536 }, () => once(bytes), SizeMismatchError],
  ] as const) {
    await expect(pushBlob(connection, "a/b", expected, content(), options)).rejects.toThrow(error);
  }
  expect(registry.requests.filter((one) => one.method === "PUT" && one.body.byteLength > 0)).toEqual([]); // none came whole
  expect(registry.journal("DELETE")).toHaveLength(6);
});

test("[client/B-25] content above wholeBytes leaves as it comes when it can be read again, and never whole when it is wrong", async () => {
  const { registry, connection } = await startScripted();
  const small = randomBlob(200_000);
  registry.on("POST", UPLOADS, { status: 202, headers: { location: `${UPLOADS}u` } }).on("DELETE", `${UPLOADS}u`, { status: 204 });
  registry.on("PUT", `${UPLOADS}u`, { status: 201 });
  const right = recorded(small.bytes);
  await pushBlob(connection, "a/b", small.descriptor, right.source, { ...options, wholeBytes: 65_536 });
  expect([right.opened, registry.requests[1]?.body.equals(small.bytes)]).toEqual([[0], true]);
  const wrong = { ...options, wholeBytes: 65_536 };
  await expect(pushBlob(connection, "a/b", small.descriptor, recorded(randomBlob(200_000).bytes).source, wrong)).rejects.toThrow(
    DigestMismatchError,
  );
  expect(registry.journal("DELETE")).toEqual([`DELETE ${UPLOADS}u`]);
  await pushBlob(connection, "a/b", small.descriptor, once(small.bytes), wrong); // can be read once: read whole all the same
  expect(registry.requests.at(-1)?.body.equals(small.bytes)).toBe(true);
});

test("an error of the source is the push's, and ends it", async () => {
  const { registry, connection } = await startScripted();
  const broken = new Error("disk is gone");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(MIB);
    throw broken;
  }
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("DELETE", `${UPLOADS}u`, { status: 204 });
  for (const mode of ["auto", "chunked"] as const)
    await expect(pushBlob(connection, "a/b", { ...hello.descriptor, size: 5 * MIB }, failing(), { ...options, mode })).rejects.toBe(broken);
  expect(registry.journal("POST")).toHaveLength(2);
  expect(registry.journal("DELETE")).toHaveLength(2);
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

test("[client/X-4] a single POST is enough where the registry takes it", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 201, headers: { location: BLOB, "docker-content-digest": hello.descriptor.digest } });
  await pushBlob(connection, "a/b", hello.descriptor, once(hello.bytes), { mode: "single-post" });
  expect(registry.journal()).toEqual([`POST ${UPLOADS}?${HELLO}`]);
  expect(registry.requests[0]?.headers["content-type"]).toBe("application/octet-stream");
  expect(registry.requests[0]?.body.toString()).toBe("hello world");
});

test("[client/X-4] a single POST that only starts an upload is followed by a PUT to its Location", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 201 });
  await pushBlob(connection, "a/b", hello.descriptor, "hello world", { mode: "single-post" });
  expect(registry.journal()).toEqual([`POST ${UPLOADS}?${HELLO}`, `PUT ${UPLOADS}u?${HELLO}`]);
  expect(registry.requests[1]?.body.toString()).toBe("hello world");
});

test("[client/X-4] a registry that refuses a body in the POST gets a plain one", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 413, early: true }, { status: 202, headers: { location: "u" } });
  registry.on("PUT", `${UPLOADS}u`, { status: 201 });
  await pushBlob(connection, "a/b", hello.descriptor, "hello world", { mode: "single-post" });
  expect(registry.journal()).toEqual([`POST ${UPLOADS}?${HELLO}`, `POST ${UPLOADS}`, `PUT ${UPLOADS}u?${HELLO}`]);
});

test("[client/C-31] skipExisting looks for the blob first; without it nobody asks", async () => {
  const { registry, connection } = await startScripted();
  registry.on("HEAD", BLOB, { status: 200 });
  await pushBlob(connection, "a/b", hello.descriptor, "hello world", { skipExisting: true });
  expect(registry.journal()).toEqual([`HEAD ${BLOB}`]);
});

test.each([403, 405])(
  "[client/C-31] skipExisting sends the blob where the registry refuses to say whether it is there (%i)",
  async (status) => {
    const { registry, connection } = await startScripted();
    registry.on("HEAD", BLOB, { status });
    registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } });
    registry.on("PUT", `${UPLOADS}u`, { status: 201 });
    await pushBlob(connection, "a/b", hello.descriptor, "hello world", { skipExisting: true });
    expect(registry.journal()).toEqual([`HEAD ${BLOB}`, `POST ${UPLOADS}`, `PUT ${UPLOADS}u?${HELLO}`]);
  },
);

test("[client/C-31] other failures of the question are those of the push: nothing is sent", async () => {
  const { registry, connection } = await startScripted();
  registry.on("HEAD", BLOB, { status: 418 });
  await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world", { skipExisting: true })).rejects.toMatchObject({ status: 418 });
  expect(registry.journal()).toEqual([`HEAD ${BLOB}`]);
});

test("[client/C-31] the same blob on its way to one repository is sent once; a push that fails does not fail the others", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 403 }, { status: 202, headers: { location: "u" } });
  registry.on("POST", "/v2/c/blobs/uploads/", { status: 202, headers: { location: `${UPLOADS}u` } });
  registry.on("PUT", `${UPLOADS}u`, { status: 201 });
  const outcomes = await Promise.allSettled([
    pushBlob(connection, "a/b", hello.descriptor, "hello world"),
    pushBlob(connection, "a/b", hello.descriptor, "hello world"),
    pushBlob(connection, "a/b", hello.descriptor, once(hello.bytes)),
    pushBlob(connection, "c", hello.descriptor, "hello world"),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
  expect(registry.journal("PUT")).toHaveLength(2);
});

test("[client/C-31] the same blob is sent once also by objects with warning handlers of their own over one connection", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 201 });
  const push = async (): Promise<void> => {
    const repository = createRemoteRepository(`${registry.host}/a/b`, { connection, onWarning: () => undefined });
    await repository.push(hello.descriptor, "hello world");
  };
  await Promise.all([push(), push()]);
  expect(registry.journal("PUT")).toHaveLength(1);
});

test("[client/C-31] content that need not be sent is let go", async () => {
  const { registry, connection } = await startScripted();
  const { bytes, descriptor } = randomBlob(5 * MIB);
  registry.on("HEAD", `/v2/a/b/blobs/${descriptor.digest}`, { status: 200 });
  const unused = Readable.from(once(bytes));
  await pushBlob(connection, "a/b", descriptor, unused, { skipExisting: true });
  expect(unused.destroyed).toBe(true);
});

test("[client/C-31] a caller that waits for the push of another one can leave", async () => {
  const { registry, connection } = await startScripted();
  const gate = Promise.withResolvers<void>();
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" }, after: gate.promise }).on("PUT", `${UPLOADS}u`, { status: 201 });
  const first = pushBlob(connection, "a/b", hello.descriptor, "hello world");
  const controller = new AbortController();
  const second = pushBlob(connection, "a/b", hello.descriptor, "hello world", { signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  gate.resolve();
  await first;
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

test("content that can be read once and is lost on the way is said to be so, with the reason", async () => {
  const { registry, connection } = await startScripted();
  const { bytes, descriptor } = randomBlob(5 * MIB);
  registry.on("POST", UPLOADS, { status: 202, headers: { location: "u" } }).on("PUT", `${UPLOADS}u`, { status: 503 });
  registry.on("DELETE", `${UPLOADS}u`, { status: 204 });
  const error: unknown = await pushBlob(connection, "a/b", descriptor, once(bytes), options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnreplayableBodyError);
  expect(error).toMatchObject({ retryable: true, cause: { status: 503 } });
  expect(registry.journal("DELETE")).toHaveLength(1);
});

test("a bad chunk size or name is refused before anything is sent", async () => {
  const { registry, connection } = await startScripted();
  for (const chunkSize of [0, -1, 1.5, Number.NaN])
    await expect(pushBlob(connection, "a/b", hello.descriptor, "hello world", { chunkSize })).rejects.toThrow(RangeError);
  await expect(pushBlob(connection, "A", hello.descriptor, "hello world")).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
  expect(registry.requests).toEqual([]);
});
