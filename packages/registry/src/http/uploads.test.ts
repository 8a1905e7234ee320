import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { absentDigest, bytesOf, MALFORMED_DIGESTS } from "../testing/fixtures.test-kit.ts";
import { expectStatus, useRegistry } from "../testing/harness.test-kit.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("[server/U1,U15] POST opens a session", async () => {
  const server = await useRegistry();
  const reply = await server.call("POST", "/v2/a/b/blobs/uploads/");
  expect(reply.status).toBe(202);
  expect(reply.headers).toMatchObject({ range: "0-0", "content-length": "0", "berth-upload-offset": "0" });
  expect(reply.header("docker-upload-uuid")).toMatch(UUID);
  expect(reply.header("location")).toBe(`http://${server.host}/v2/a/b/blobs/uploads/${reply.header("docker-upload-uuid")}`);
  expect(reply.headers["oci-chunk-min-length"]).toBeUndefined();
});

test("[server/U2,SQ42] _state of the reference is taken and ignored", async () => {
  const server = await useRegistry();
  const path = `${await server.startUpload("a")}?_state=Zm9yZ2Vk`;
  expectStatus(await server.call("PATCH", path, { body: "content" }), 202);
  expectStatus(await server.call("PUT", `${path}&digest=${digestOf("content")}`), 201);
});

test("[server/U3,D6] a mount gives the blob, or a session when it cannot be done", async () => {
  const server = await useRegistry();
  const digest = await server.pushBlob("from/here", "content");
  const mounted = await server.call("POST", `/v2/to/blobs/uploads/?mount=${digest}&from=from/here`);
  expect([mounted.status, mounted.header("location"), mounted.header("docker-content-digest"), mounted.headers["content-length"]]).toEqual([
    201,
    `http://${server.host}/v2/to/blobs/${digest}`,
    digest,
    "0",
  ]);
  expect((await server.call("GET", `/v2/to/blobs/${digest}`)).text).toBe("content");
  for (const query of [
    `mount=${absentDigest()}&from=from/here`,
    `mount=${digest}&from=nowhere`,
    "mount=sha256:abc&from=from/here",
    `mount=${digest}&from=Bad..Name`,
    "mount=&from=",
  ]) {
    const reply = await server.call("POST", `/v2/other/blobs/uploads/?${query}`);
    expect([reply.status, reply.headers["range"]], query).toEqual([202, "0-0"]);
  }
});

test("[server/O2] a mount of a sha512 blob answers with that digest", async () => {
  const server = await useRegistry();
  const digest = await server.pushBlob("a", "content", "sha512");
  const reply = await server.call("POST", `/v2/b/blobs/uploads/?mount=${digest}&from=a`);
  expect([reply.status, reply.headers["docker-content-digest"]]).toEqual([201, digest]);
  expect((await server.call("HEAD", `/v2/b/blobs/${digest}`)).headers["docker-content-digest"]).toBe(digest);
});

test("[server/U3,O15] a mount without a source finds the blob in any repository", async () => {
  const server = await useRegistry();
  const digest = await server.pushBlob("somewhere", "content");
  expect((await server.call("POST", `/v2/a/blobs/uploads/?mount=${digest}`)).status).toBe(201);
  expect((await server.call("POST", `/v2/a/blobs/uploads/?mount=${absentDigest()}`)).status).toBe(202);
});

test("[server/U4] a POST with digest and body stores the blob at once", async () => {
  const disk = await useDisk();
  const server = await useRegistry(await disk.open());
  for (const algorithm of ["sha256", "sha384", "sha512"] as const) {
    const digest = digestOf("content", algorithm);
    const reply = await server.call("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { chunks: ["con", "tent"] });
    expect([reply.status, reply.header("location"), reply.header("docker-content-digest")]).toEqual([
      201,
      `http://${server.host}/v2/a/blobs/${digest}`,
      digest,
    ]);
  }
  const before = await disk.files();
  const wrong = await server.call("POST", `/v2/a/blobs/uploads/?digest=${absentDigest()}`, { body: "content" });
  expect([wrong.status, wrong.code]).toEqual([400, "DIGEST_INVALID"]);
  expect(await disk.files()).toEqual(before);
  expect((await server.call("POST", `/v2/a/blobs/uploads/?digest=sha256:abc`, { body: "content" })).code).toBe("DIGEST_INVALID");
});

test("[server/U4,D3] the empty blob needs no body, but a digest of something does: then a session opens", async () => {
  const server = await useRegistry();
  expect((await server.call("POST", `/v2/a/blobs/uploads/?digest=${digestOf("")}`)).status).toBe(201);
  expect((await server.call("POST", `/v2/a/blobs/uploads/?digest=${digestOf("content")}`)).status).toBe(202);
  const empty = await server.startUpload("b");
  expect((await server.call("PUT", `${empty}?digest=${digestOf("")}`)).status).toBe(201);
  expect((await server.call("GET", `/v2/b/blobs/${digestOf("")}`)).headers["content-length"]).toBe("0");
});

test("[server/U5] PATCH adds bytes, chunked or not, with Content-Range or without", async () => {
  const server = await useRegistry();
  const path = await server.startUpload("a");
  const expectRange = (reply: Awaited<ReturnType<typeof server.call>>, size: number): void => {
    expect([reply.status, reply.headers["range"], reply.headers["berth-upload-offset"], reply.headers["content-length"]]).toEqual([
      202,
      `0-${size - 1}`,
      String(size),
      "0",
    ]);
    expect(reply.location).toBe(path);
    expect(path.endsWith(reply.header("docker-upload-uuid"))).toBe(true);
  };
  expectRange(await server.call("PATCH", path, { chunks: ["01", "234"] }), 5);
  expectRange(await server.call("PATCH", path, { body: "56", headers: { "content-range": "5-6" } }), 7);
  expectRange(await server.call("PATCH", path, { body: "78", headers: { "content-range": "bytes 7-8/*" } }), 9);
  expectRange(await server.call("PATCH", path, { chunks: ["9"], headers: { "content-range": "9-9" } }), 10);
  expectStatus(await server.call("PUT", `${path}?digest=${digestOf("0123456789")}`), 201);
});

test("[server/U6,O10,U11] a chunk that does not continue is 416 with the true range, and the session goes on", async () => {
  const server = await useRegistry();
  const path = await server.startUpload("a");
  expectStatus(await server.call("PATCH", path, { body: "01234" }), 202);
  for (const [method, target] of [
    ["PATCH", path],
    ["PUT", `${path}?digest=${digestOf("0123456789")}`],
  ] as const) {
    for (const range of ["0-4", "4-8", "6-10", "9-5", "9007199254740990-9007199254740991"]) {
      const reply = await server.call(method, target, { chunks: ["xxxxx"], headers: { "content-range": range } });
      expect(
        [reply.status, reply.code, reply.headers["range"], reply.headers["berth-upload-offset"], reply.location],
        `${method} ${range}`,
      ).toEqual([416, "RANGE_INVALID", "0-4", "5", path]);
    }
  }
  expect((await server.call("GET", path)).headers["range"]).toBe("0-4");
  expectStatus(await server.call("PATCH", path, { body: "567", headers: { "content-range": "5-7" } }), 202);
  expectStatus(
    await server.call("PUT", `${path}?digest=${digestOf("0123456789")}`, { body: "89", headers: { "content-range": "8-9" } }),
    201,
  );
});

test("[server/U6] malformed and contradicting lengths are 400", async () => {
  const server = await useRegistry();
  const path = await server.startUpload("a");
  for (const range of ["x-y", "0", "-", "0-", "bytes 0-4/3", "0-99999999999999999999", "1-2,3-4"]) {
    const reply = await server.call("PATCH", path, { body: "01234", headers: { "content-range": range } });
    expect([reply.status, reply.code], range).toEqual([400, "BLOB_UPLOAD_INVALID"]);
  }
  const reply = await server.call("PATCH", path, { body: "01234", headers: { "content-range": "0-5" } });
  expect([reply.status, reply.code]).toEqual([400, "SIZE_INVALID"]);
  expect((await server.call("GET", path)).headers["berth-upload-offset"]).toBe("0");
});

test("[server/U6] a chunked body that is not as long as its Content-Range is 400", async () => {
  const server = await useRegistry();
  for (const range of ["0-3", "0-9"]) {
    const path = await server.startUpload("a");
    const reply = await server.call("PATCH", path, { chunks: ["01", "234"], headers: { "content-range": range } });
    expect([reply.status, reply.code], range).toEqual([400, "SIZE_INVALID"]);
    const held = Number((await server.call("GET", path)).headers["berth-upload-offset"]);
    expect(held).toBeLessThanOrEqual(5); // what came before the lie showed may stay
    expectStatus(await server.call("PATCH", path, { body: "01234".slice(held) }), 202);
    expectStatus(await server.call("PUT", `${path}?digest=${digestOf("01234")}`), 201);
  }
});

test("[server/U7] any content type will do", async () => {
  const server = await useRegistry();
  for (const type of ["application/octet-stream", "text/plain", "application/x-www-form-urlencoded", "nonsense", ""]) {
    const path = await server.startUpload("a");
    expect((await server.call("PATCH", path, { body: "content", headers: { "content-type": type } })).status, type).toBe(202);
  }
});

test("[server/U8,O21] GET and HEAD of a session say how far it is", async () => {
  const server = await useRegistry();
  const path = await server.startUpload("a");
  const sizes: readonly [number, string, string][] = [
    [0, "0-0", "0"],
    [1, "0-0", "1"],
    [4, "0-4", "5"],
  ];
  for (const [add, range, offset] of sizes) {
    if (add > 0) expectStatus(await server.call("PATCH", path, { body: "x".repeat(add) }), 202);
    for (const method of ["GET", "HEAD"]) {
      const reply = await server.call(method, path);
      expect([reply.status, reply.headers["range"], reply.headers["berth-upload-offset"], reply.location], offset).toEqual([
        204,
        range,
        offset,
        path,
      ]);
      expect(path.endsWith(reply.header("docker-upload-uuid"))).toBe(true);
    }
  }
  for (const id of ["018f0000-0000-7000-8000-000000000000", "nonsense", "..", "%2e%2e%2fx"]) {
    const reply = await server.call("GET", `/v2/a/blobs/uploads/${id}`);
    expect([reply.status, reply.code], id).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
  }
  expect((await server.call("GET", path.replace("/a/", "/b/"))).code).toBe("BLOB_UPLOAD_UNKNOWN");
});

test("[server/U10] PUT ends a session with a blob", async () => {
  const server = await useRegistry();
  const digest = digestOf("0123456789");
  for (const [patched, put] of [
    ["0123456789", ""],
    ["01234", "56789"],
    ["", "0123456789"],
  ] as const) {
    const path = await server.startUpload("a");
    if (patched !== "") expectStatus(await server.call("PATCH", path, { body: patched }), 202);
    const reply = await server.call("PUT", `${path}?digest=${digest}`, { body: put });
    expect([reply.status, reply.header("location"), reply.header("docker-content-digest"), reply.headers["content-length"]]).toEqual([
      201,
      `http://${server.host}/v2/a/blobs/${digest}`,
      digest,
      "0",
    ]);
    expect((await server.call("GET", path)).code).toBe("BLOB_UPLOAD_UNKNOWN");
    expect((await server.call("PUT", `${path}?digest=${digest}`)).code).toBe("BLOB_UPLOAD_UNKNOWN");
  }
});

test("[server/U10] a digest that is missing or cannot be read keeps the session", async () => {
  const server = await useRegistry();
  const path = await server.startUpload("a");
  expectStatus(await server.call("PATCH", path, { body: "content" }), 202);
  for (const query of ["", "?digest=", ...[...MALFORMED_DIGESTS, "x"].map((digest) => `?digest=${digest}`)]) {
    const reply = await server.call("PUT", path + query, { body: "more" });
    expect([reply.status, reply.code], query).toEqual([400, "DIGEST_INVALID"]);
    if (query.length < 9) expect(reply.detail).toBe("digest missing");
  }
  expect((await server.call("GET", path)).headers["berth-upload-offset"]).toBe("7");
  expectStatus(await server.call("PUT", `${path}?digest=${digestOf("content")}`), 201);
});

test("[server/U10,D4] content of another digest ends the session and leaves nothing", async () => {
  const disk = await useDisk();
  const server = await useRegistry(await disk.open());
  for (const algorithm of ["sha256", "sha512"] as const) {
    const path = await server.startUpload("a");
    expectStatus(await server.call("PATCH", path, { body: "content" }), 202);
    const reply = await server.call("PUT", `${path}?digest=${absentDigest(0, algorithm)}`);
    expect([reply.status, reply.code]).toEqual([400, "DIGEST_INVALID"]);
    expect((await server.call("GET", path)).code).toBe("BLOB_UPLOAD_UNKNOWN");
  }
  expect(await disk.files()).toEqual([]);
});

test("[server/U11] content that is there already is 201 just the same", async () => {
  const server = await useRegistry();
  await server.pushBlob("a", "content");
  const path = await server.startUpload("a");
  expect((await server.call("PUT", `${path}?digest=${digestOf("content")}`, { body: "content" })).status).toBe(201);
  await server.pushBlob("a", "content");
  expect((await server.call("GET", `/v2/a/blobs/${digestOf("content")}`)).text).toBe("content");
});

test("[server/U12,O21] DELETE drops a session and leaves nothing", async () => {
  const disk = await useDisk();
  const server = await useRegistry(await disk.open());
  const path = await server.startUpload("a");
  expectStatus(await server.call("PATCH", path, { body: bytesOf(2_000_000) }), 202);
  expect(await disk.files()).toHaveLength(1);
  const reply = await server.call("DELETE", path);
  expect([reply.status, path.endsWith(reply.header("docker-upload-uuid"))]).toEqual([204, true]);
  expect(await disk.files()).toEqual([]);
  for (const method of ["DELETE", "GET", "PATCH"]) expect((await server.call(method, path)).code, method).toBe("BLOB_UPLOAD_UNKNOWN");
  const untouched = await server.startUpload("a");
  expect((await server.call("DELETE", untouched)).status).toBe(204);
});

test("[server/O14] the algorithm may be announced at the start", async () => {
  const server = await useRegistry();
  for (const algorithm of ["sha256", "sha384", "sha512"] as const) {
    const path = await server.startUpload("a", `?digest-algorithm=${algorithm}`);
    expectStatus(await server.call("PATCH", path, { body: "content" }), 202);
    const reply = await server.call("PUT", `${path}?digest=${digestOf("content", algorithm)}`);
    expect([reply.status, reply.headers["docker-content-digest"]]).toEqual([201, digestOf("content", algorithm)]);
  }
  const reply = await server.call("POST", "/v2/a/blobs/uploads/?digest-algorithm=md5");
  expect([reply.status, reply.code]).toEqual([400, "DIGEST_INVALID"]);
  expect(reply.text).toContain("expected one of sha256, sha384, sha512");
});

test("[server/D2,D4] a digest of another algorithm than announced reads the bytes again", async () => {
  const server = await useRegistry();
  const content = bytesOf(3_000_000);
  const path = await server.startUpload("a");
  expectStatus(await server.call("PATCH", path, { body: content.subarray(0, 1_700_000) }), 202);
  const digest = digestOf(content, "sha512");
  expectStatus(await server.call("PUT", `${path}?digest=${digest}`, { body: content.subarray(1_700_000) }), 201);
  expect((await server.call("GET", `/v2/a/blobs/${digest}`)).body.equals(content)).toBe(true);
});

test("[server/U9] a stale resume is 416 with the true range, and nothing is lost", async () => {
  const server = await useRegistry();
  const path = await server.startUpload("a");
  expectStatus(await server.call("PATCH", path, { body: "01234", headers: { "content-range": "0-4" } }), 202);
  const stale = await server.call("PATCH", path, { body: "01234", headers: { "content-range": "0-4" } });
  expect([stale.status, stale.headers["range"]]).toEqual([416, "0-4"]);
  expectStatus(await server.call("PUT", `${path}?digest=${digestOf("01234")}`), 201);
});
