import { expect, test } from "vitest";
import { AuthError } from "../../errors.ts";
import type { Connection } from "../connection.ts";
import { type MountBlobOptions, mountBlob } from "./mount-blob.ts";
import { checkPushPermission } from "./push-permission.ts";
import { blobOf, once, startScripted, UPLOADS } from "./upload.test-kit.ts";

const hello = blobOf("hello world");
const DIGEST = encodeURIComponent(hello.descriptor.digest);
const MOUNT = `POST ${UPLOADS}?mount=${DIGEST}&from=${encodeURIComponent("other/repo")}`;
const started = { status: 202, headers: { location: "u" } };

test("[client/B-29] a mount that is answered 201 is done, with or without a Location", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 201, headers: { "docker-content-digest": hello.descriptor.digest } }, { status: 201 });
  for (let times = 0; times < 2; times++) expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo")).toBe("mounted");
  expect(registry.journal()).toEqual([MOUNT, MOUNT]);
});

test("[client/B-29] a registry that says to have mounted another blob is not believed", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 201, headers: { "docker-content-digest": blobOf("another").descriptor.digest } });
  await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo")).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
});

test("[client/B-29] a registry that fails is told of as failing what was to be done: to mount, or to push", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 500 });
  const mount = (from: string): Promise<unknown> => mountBlob(connection, "a/b", hello.descriptor, from, { fallback: () => hello.bytes });
  await expect(mount("other/repo")).rejects.toThrow(/^Cannot mount blob: /);
  await expect(mount("a/b")).rejects.toThrow(/^Cannot push blob: /); // asked to mount what it has, it starts the push of what it has not
});

test("[client/B-29] scopes for both repositories are asked for, and kept for the upload that follows", async () => {
  const { registry, connection } = await startScripted();
  const scopes: (readonly string[] | undefined)[] = [];
  const spying: Connection = {
    registry: connection.registry,
    close: () => connection.close(),
    send(request) {
      scopes.push(request.scopes);
      return connection.send(request);
    },
  };
  registry.on("POST", UPLOADS, started).on("PUT", `${UPLOADS}u`, { status: 201 });
  expect(await mountBlob(spying, "a/b", hello.descriptor, "other/repo", { fallback: () => hello.bytes })).toBe("pushed");
  const both = ["repository:a/b:pull,push", "repository:other/repo:pull"];
  expect(scopes).toEqual([both, both]);
});

test("[client/B-29] once the other repository was refused, its scope is not asked for again", async () => {
  const { registry, connection } = await startScripted();
  const scopes: (readonly string[] | undefined)[] = [];
  const spying: Connection = {
    ...connection,
    send(request) {
      scopes.push(request.scopes);
      return connection.send(request);
    },
  };
  registry.on("POST", UPLOADS, { status: 403 }, started).on("PUT", `${UPLOADS}u`, { status: 201 });
  expect(await mountBlob(spying, "a/b", hello.descriptor, "other/repo", { fallback: () => hello.bytes })).toBe("pushed");
  const own = ["repository:a/b:pull,push"];
  expect(scopes).toEqual([[...own, "repository:other/repo:pull"], own, own]);
});

test("[client/B-29] a mount that starts an upload instead goes on in it, with content that is given", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", `${UPLOADS}u`, { status: 201 });
  const fallback = async (): Promise<AsyncGenerator<Uint8Array>> => once(hello.bytes);
  expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo", { fallback })).toBe("pushed");
  expect(registry.journal()).toEqual([MOUNT, `PUT ${UPLOADS}u?digest=${DIGEST}`]);
  expect(registry.requests[1]?.body.toString()).toBe("hello world");
});

test("[client/B-29] or with what the other repository serves", async () => {
  const { registry, connection } = await startScripted();
  const blob = `/v2/other/repo/blobs/${hello.descriptor.digest}`;
  registry.on("POST", UPLOADS, started).on("PUT", `${UPLOADS}u`, { status: 201 }).on("GET", blob, { body: "hello world" });
  expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo", { fallback: "fetch" })).toBe("pushed");
  expect(registry.journal()).toEqual([MOUNT, `GET ${blob}`, `PUT ${UPLOADS}u?digest=${DIGEST}`]);
});

test("[client/B-29] without a fallback the upload is thrown away", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("DELETE", `${UPLOADS}u`, { status: 204 });
  expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo")).toBe("refused");
  expect(registry.journal()).toEqual([MOUNT, `DELETE ${UPLOADS}u`]);
});

test("[client/B-29] content that cannot be had is an error of its own, and the upload is thrown away", async () => {
  const { registry, connection } = await startScripted();
  const cause = new Error("no such file");
  registry.on("POST", UPLOADS, started).on("DELETE", `${UPLOADS}u`, { status: 204 });
  const fallback = (): never => {
    throw cause;
  };
  await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo", { fallback })).rejects.toMatchObject({
    code: "ERR_MOUNT_CONTENT",
    message: expect.stringMatching(/^Cannot mount blob "sha256:.*they cannot be read: no such file$/),
    cause,
  });
  await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo", { fallback: "fetch" })).rejects.toMatchObject({
    code: "ERR_MOUNT_CONTENT",
    cause: { status: 404 },
  });
  await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo", { fallback: () => "hello w0rld" })).rejects.toMatchObject({
    code: "ERR_DIGEST_MISMATCH",
  });
  expect(registry.journal("DELETE")).toHaveLength(3);
  expect(registry.journal("PUT")).toEqual([]);
});

test.each([400, 401, 403, 404, 405])("[client/B-29] status %i to the mount means: push it plainly, or do without", async (status) => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status }, { status }, started).on("PUT", `${UPLOADS}u`, { status: 201 });
  const refusals: unknown[] = [];
  const onRefused = (error: unknown): number => refusals.push(error);
  expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo", { onRefused })).toBe("refused");
  expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo", { onRefused, fallback: () => "hello world" })).toBe("pushed");
  expect(refusals).toMatchObject([{ status }, { status }]);
  expect(registry.journal()).toEqual([MOUNT, MOUNT, `POST ${UPLOADS}`, `PUT ${UPLOADS}u?digest=${DIGEST}`]);
});

test("[client/B-29] so does a token that is not given for both repositories", async () => {
  const failure = new AuthError("Cannot get token", { operation: "get token", method: "GET", url: "http://t.test/" });
  const connection: Connection = { registry: "r.test", send: () => Promise.reject(failure), close: () => Promise.resolve() };
  const refusals: unknown[] = [];
  const onRefused = (error: unknown): number => refusals.push(error);
  expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo", { onRefused })).toBe("refused");
  expect(refusals).toEqual([failure]);
  await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo")).rejects.toBe(failure);
});

test("[client/B-29] a missing credential is not taken for a registry that will not mount, where nobody else is told of it", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 401 });
  await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo")).rejects.toMatchObject({ status: 401 });
  await expect(mountBlob(connection, "a/b", hello.descriptor, undefined, { fallback: "fetch" })).rejects.toMatchObject({ status: 401 });
  registry.on("POST", UPLOADS, { status: 403 });
  expect(await mountBlob(connection, "a/b", hello.descriptor, "other/repo")).toBe("refused");
});

test.each([429, 500, 503])("[client/B-29] status %i to the mount is an error", async (status) => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status });
  await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo")).rejects.toMatchObject({ status });
});

test("[client/B-29] without a source the registry is asked to look for one, and nothing can be fetched", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, { status: 201 }, started).on("DELETE", `${UPLOADS}u`, { status: 204 });
  expect(await mountBlob(connection, "a/b", hello.descriptor, undefined)).toBe("mounted");
  expect(await mountBlob(connection, "a/b", hello.descriptor, undefined, { fallback: "fetch" })).toBe("refused");
  expect(registry.journal("POST")).toEqual([`POST ${UPLOADS}?mount=${DIGEST}`, `POST ${UPLOADS}?mount=${DIGEST}`]);
});

test("[client/X-6] a mount names algorithms other than sha256", async () => {
  const { registry, connection } = await startScripted();
  const blob = blobOf("hello world", "sha512");
  registry.on("POST", UPLOADS, { status: 201 });
  await mountBlob(connection, "a/b", blob.descriptor, "c");
  expect(registry.journal()).toEqual([
    `POST ${UPLOADS}?mount=${encodeURIComponent(blob.descriptor.digest)}&from=c&digest-algorithm=sha512`,
  ]);
});

test("[client/C-32] permission to push is found out by starting an upload, which is thrown away", async () => {
  const { registry, connection } = await startScripted();
  const deleted = Promise.withResolvers<void>();
  registry.on("POST", UPLOADS, started).on("DELETE", `${UPLOADS}u`, () => {
    deleted.resolve();
    return { status: 500 }; // which matters to nobody
  });
  await checkPushPermission(connection, "a/b");
  await deleted.promise;
  registry.on("POST", UPLOADS, { status: 403 });
  await expect(checkPushPermission(connection, "a/b")).rejects.toMatchObject({ status: 403 });
});

test("[client/B-29] who aborts does not wait until the upload that they got instead is thrown away", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started);
  const fallbacks: MountBlobOptions["fallback"][] = [undefined, "fetch", () => undefined, () => Promise.reject(new Error("no such file"))];
  for (const fallback of fallbacks) {
    const abort = new AbortController();
    registry.on("DELETE", `${UPLOADS}u`, () => {
      abort.abort("enough");
      return { hang: true };
    });
    const options = { signal: abort.signal, ...(fallback && { fallback }) };
    await expect(mountBlob(connection, "a/b", hello.descriptor, "other/repo", options)).rejects.toBe("enough");
  }
  expect(registry.journal("DELETE")).toHaveLength(fallbacks.length);
});
