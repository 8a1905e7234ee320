import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { pushBlob } from "./push-blob.ts";
import { blobOf, once, randomBlob, startScripted, UPLOADS } from "./upload.test-kit.ts";

const hello = blobOf("hello world");
const HELLO = `digest=${encodeURIComponent(hello.descriptor.digest)}`;
const BLOB = `/v2/a/b/blobs/${hello.descriptor.digest}`;
const MIB = 1_048_576;

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

test("[client/C-31] content that need not be sent is let go", async () => {
  const { registry, connection } = await startScripted();
  const { bytes, descriptor } = randomBlob(5 * MIB);
  registry.on("HEAD", `/v2/a/b/blobs/${descriptor.digest}`, { status: 200 });
  const unused = Readable.from(once(bytes));
  await pushBlob(connection, "a/b", descriptor, unused, { skipExisting: true });
  expect(unused.destroyed).toBe(true);
});
