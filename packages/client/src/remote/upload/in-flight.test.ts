import { expect, test } from "vitest";
import { createRemoteRepository } from "../create-repository.ts";
import { pushBlob } from "./push-blob.ts";
import { blobOf, once, startScripted, UPLOADS } from "./upload.test-kit.ts";

const hello = blobOf("hello world");

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
