import { expect, test } from "vitest";
import { pushBlob } from "./push-blob.ts";
import { blobOf, once, startScripted, UPLOADS } from "./upload.test-kit.ts";

const hello = blobOf("hello world");
const HELLO = `digest=${encodeURIComponent(hello.descriptor.digest)}`;
const BLOB = `/v2/a/b/blobs/${hello.descriptor.digest}`;

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
