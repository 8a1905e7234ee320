import { expect, test } from "vitest";
import { ResponseError, UnreplayableBodyError } from "../../errors.ts";
import { pushBlob } from "./push-blob.ts";
import { noWait, once, randomBlob, recorded, standsAt, startScripted, taken, UPLOAD, UPLOADS } from "./upload.test-kit.ts";

const MIB = 1_048_576;
const options = { backoff: noWait, chunkSize: 2 * MIB };
const started = { status: 202, headers: { location: "u" } };
const { bytes, descriptor } = randomBlob(5 * MIB);
const BLOB = `/v2/a/b/blobs/${descriptor.digest}`;

test("[client/X-3] a registry that cannot say where an upload stands gets the blob anew, three times at most", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("PUT", UPLOAD, { cutAfter: -1 })
    .on("GET", UPLOAD, { status: 405 })
    .on("DELETE", UPLOAD, { status: 204 });
  const failed = pushBlob(connection, "a/b", descriptor, recorded(bytes).source, options);
  await expect(failed).rejects.toMatchObject({ code: "ERR_PROTOCOL", cause: { code: "ERR_NETWORK" } });
  expect([registry.journal("POST").length, registry.journal("PUT").length, registry.journal("DELETE").length]).toEqual([4, 4, 4]);
});

test("[client/C-31] monolithic pushes begin anew, never in the middle", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("PUT", UPLOAD, { cutAfter: -1 }, { status: 500 }, { status: 201 })
    .on("DELETE", UPLOAD, { status: 204 });
  await pushBlob(connection, "a/b", descriptor, recorded(bytes).source, { ...options, mode: "monolithic" });
  expect(registry.requests.map(({ method }) => method)).toEqual(["POST", "PUT", "DELETE", "POST", "PUT", "DELETE", "POST", "PUT"]);
});

test("[client/C-31] an upload that the registry lost is begun anew; content that can be read once cannot be", async () => {
  const { registry, connection } = await startScripted();
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { status: 201 }).on("DELETE", UPLOAD, { status: 404 });
  registry.on("PATCH", UPLOAD, taken("u", 2 * MIB - 1), { status: 404 }, ...[2, 4, 5].map((end) => taken("u", end * MIB - 1)));
  await pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" });
  expect(registry.journal("POST")).toHaveLength(2);
  registry.on("PATCH", UPLOAD, taken("u", 2 * MIB - 1), { status: 404 });
  const error: unknown = await pushBlob(connection, "a/b", descriptor, once(bytes), { ...options, mode: "chunked" }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UnreplayableBodyError);
  expect(error).toMatchObject({
    message: `Cannot send the request again: its body can be read only once (the first time: "${registry.host}" answered 404 Not Found); give bytes, a file, or another source that can be opened again`,
    cause: { code: "ERR_NOT_FOUND", cause: { status: 404 } },
  });
});

test("[client/X-3,X-9] a registry that forgets an upload that broke off is told with how it broke off, every time it does", async () => {
  const { registry, connection } = await startScripted();
  const gone = JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_UNKNOWN", message: "gone" }] });
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { cutAfter: -1 }).on("GET", UPLOAD, { status: 404, body: gone });
  registry.on("HEAD", BLOB, { status: 404 }).on("DELETE", UPLOAD, { status: 404 });
  for (const mode of ["auto", "chunked"] as const) {
    registry.on("PATCH", UPLOAD, { status: 503 });
    const broke = mode === "auto" ? "the connection was closed" : `"${registry.host}" answered 503`;
    await expect(pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode })).rejects.toMatchObject({
      code: "ERR_NOT_FOUND",
      what: "upload",
      message: `Cannot push blob: the upload broke off (${broke}), and the registry has forgotten it since: "${registry.host}" answered 404; push it again, and if that goes on, look into the registry's log and at proxies in front of it`,
      cause: { code: "ERR_RESPONSE", status: 404 },
    });
    expect(registry.journal("POST").length % 4).toBe(0);
  }
});

test("[client/X-9] an upload that is lost without having broken off, or that went on since, is told as lost alone", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("DELETE", UPLOAD, { status: 404 })
    .on("GET", UPLOAD, standsAt(MIB - 1));
  const gone = { status: 404, body: JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_UNKNOWN" }] }) };
  registry.on("PATCH", UPLOAD, { status: 503 }, taken("u", 3 * MIB - 1), gone);
  await expect(pushBlob(connection, "a/b", descriptor, bytes, { ...options, mode: "chunked" })).rejects.toMatchObject({
    code: "ERR_NOT_FOUND",
    message: expect.stringMatching(/^Cannot find upload ".*: push the blob again$/),
  });
});

test("[client/C-31] when only the answer to a commit is lost, the blob is found to be there", async () => {
  const { registry, connection } = await startScripted();
  registry
    .on("POST", UPLOADS, started)
    .on("PUT", UPLOAD, { cutAfter: -1 })
    .on("GET", UPLOAD, { status: 404 })
    .on("HEAD", BLOB, { status: 200 });
  await pushBlob(connection, "a/b", descriptor, bytes, options);
  expect(registry.requests.map(({ method }) => method)).toEqual(["POST", "PUT", "GET", "HEAD"]);
});

test("a blob that a registry spoilt when it was gone on with is sent anew in one go; one that it calls wrong otherwise is not", async () => {
  const { registry, connection } = await startScripted();
  const wrong = { status: 400, headers: { "content-type": "application/json" }, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
  registry.on("POST", UPLOADS, started).on("PUT", UPLOAD, { cutAfter: -1 }, wrong, { status: 201 }).on("DELETE", UPLOAD, { status: 404 });
  registry.on("GET", UPLOAD, standsAt(3 * MIB - 1)).on("PATCH", UPLOAD, taken("u", 5 * MIB - 1));
  await pushBlob(connection, "a/b", descriptor, bytes, options);
  expect(registry.requests.map(({ method }) => method)).toEqual(["POST", "PUT", "GET", "PATCH", "PUT", "DELETE", "POST", "PUT"]);
  registry.on("PUT", UPLOAD, wrong);
  await expect(pushBlob(connection, "a/b", descriptor, bytes, options)).rejects.toThrow(ResponseError);
  expect(registry.journal("POST")).toHaveLength(3);
});
