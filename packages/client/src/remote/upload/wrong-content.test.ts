import { DigestMismatchError, SizeMismatchError } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { UnreplayableBodyError } from "../../errors.ts";
import { pushBlob } from "./push-blob.ts";
import { blobOf, noWait, once, randomBlob, recorded, startScripted, UPLOADS } from "./upload.test-kit.ts";

const hello = blobOf("hello world");
const options = { backoff: noWait };
const MIB = 1_048_576;

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
