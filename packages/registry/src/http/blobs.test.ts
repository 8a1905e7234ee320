import { once } from "node:events";
import { digestOf } from "@berth/oci/node";
import { createMemoryDriver } from "@berth/storage/memory";
import { expect, test } from "vitest";
import { replacing } from "../testing/doubles.test-kit.ts";
import { absentDigest, bytesOf, MALFORMED_DIGESTS } from "../testing/fixtures.test-kit.ts";
import { useRegistry } from "../testing/harness.test-kit.ts";

const LARGE = bytesOf(3_000_000, 7); // over the size that is kept in memory, and over one read buffer

test("[server/B1,O20] GET and HEAD of a blob carry the same headers", async () => {
  const server = await useRegistry();
  for (const content of [Buffer.from("small"), LARGE, Buffer.alloc(0)]) {
    const digest = await server.pushBlob("a", content);
    const expected = {
      "content-length": String(content.byteLength),
      "content-type": "application/octet-stream",
      "docker-content-digest": digest,
      etag: `"${digest}"`,
      "accept-ranges": "bytes",
      "cache-control": "max-age=31536000",
    };
    const get = await server.call("GET", `/v2/a/blobs/${digest}`);
    expect([get.status, get.body.equals(content)]).toEqual([200, true]);
    expect(get.headers).toMatchObject(expected);
    const head = await server.call("HEAD", `/v2/a/blobs/${digest}`);
    expect([head.status, head.body.byteLength]).toEqual([200, 0]);
    expect(head.headers).toMatchObject(expected);
  }
});

test("[server/B2,O26] one span of bytes is 206, for small and large blobs alike", async () => {
  const server = await useRegistry();
  for (const content of [bytesOf(1000), LARGE]) {
    const path = `/v2/a/blobs/${await server.pushBlob("a", content)}`;
    const size = content.byteLength;
    const spans: readonly [string, number, number][] = [
      ["bytes=0-0", 0, 0],
      ["bytes=5-99", 5, 99],
      ["bytes=990-", 990, size - 1],
      ["bytes=-10", size - 10, size - 1],
      [`bytes=-${size * 2}`, 0, size - 1],
      [`bytes=10-${size * 2}`, 10, size - 1],
      ["BYTES=1-2", 1, 2],
    ];
    for (const [range, start, end] of spans) {
      const reply = await server.call("GET", path, { headers: { range } });
      expect([reply.status, reply.headers["content-range"], reply.headers["content-length"]], range).toEqual([
        206,
        `bytes ${start}-${end}/${size}`,
        String(end - start + 1),
      ]);
      expect(reply.body.equals(content.subarray(start, end + 1)), range).toBe(true);
      const head = await server.call("HEAD", path, { headers: { range } });
      expect([head.status, head.headers["content-range"], head.body.byteLength]).toEqual([206, `bytes ${start}-${end}/${size}`, 0]);
    }
  }
});

test("[server/B2,O26] what is no single span of bytes gives the whole", async () => {
  const server = await useRegistry();
  const path = `/v2/a/blobs/${await server.pushBlob("a", "0123456789")}`;
  for (const range of ["bytes=0-1,4-5", "lines=1-2", "bytes=x-y", "bytes=", "bytes", "bytes=1"]) {
    expect([(await server.call("GET", path, { headers: { range } })).status, range]).toEqual([200, range]);
  }
  const empty = `/v2/a/blobs/${await server.pushBlob("a", "")}`;
  expect((await server.call("GET", empty, { headers: { range: "bytes=0-" } })).status).toBe(200);
});

test("[server/B2] a span outside of the blob is 416 with its size", async () => {
  const server = await useRegistry();
  const path = `/v2/a/blobs/${await server.pushBlob("a", "0123456789")}`;
  for (const range of ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=5-4", "bytes=99999999999999999999-"]) {
    const reply = await server.call("GET", path, { headers: { range } });
    expect([reply.status, reply.headers["content-range"], reply.code], range).toEqual([416, "bytes */10", "RANGE_INVALID"]);
  }
});

test("[server/B2] a client that has the content gets 304", async () => {
  const server = await useRegistry();
  const digest = await server.pushBlob("a", "content");
  for (const value of [`"${digest}"`, digest, `W/"${digest}"`, `"x", "${digest}"`, "*"]) {
    for (const method of ["GET", "HEAD"]) {
      const reply = await server.call(method, `/v2/a/blobs/${digest}`, { headers: { "if-none-match": value } });
      expect([reply.status, reply.body.byteLength, reply.headers["etag"]], value).toEqual([304, 0, `"${digest}"`]);
    }
  }
  expect((await server.call("GET", `/v2/a/blobs/${digest}`, { headers: { "if-none-match": '"x"' } })).status).toBe(200);
});

test("[server/O26] If-Range with another tag gives the whole", async () => {
  const server = await useRegistry();
  const digest = await server.pushBlob("a", "0123456789");
  const call = async (ifRange: string): Promise<number> =>
    (await server.call("GET", `/v2/a/blobs/${digest}`, { headers: { range: "bytes=1-2", "if-range": ifRange } })).status;
  expect([
    await call(`"${digest}"`),
    await call('"other"'),
    await call(`W/"${digest}"`),
    await call("Wed, 21 Oct 2015 07:28:00 GMT"),
  ]).toEqual([206, 200, 200, 200]);
});

test("[server/B3,O29] a driver that redirects is followed by 307, unless switched off", async () => {
  const redirecting = () =>
    replacing(createMemoryDriver(), { redirectUrl: (path, { method }) => Promise.resolve(`https://cdn.example.com${path}?for=${method}`) });
  const server = await useRegistry({ storage: redirecting() });
  const digest = await server.pushBlob("a", "content");
  for (const method of ["GET", "HEAD"]) {
    const reply = await server.call(method, `/v2/a/blobs/${digest}`);
    expect([reply.status, reply.headers["content-length"], reply.headers["docker-content-digest"]]).toEqual([307, "0", digest]);
    expect(reply.headers["location"]).toMatch(new RegExp(`^https://cdn\\.example\\.com/docker/registry/v2/blobs/.*/data\\?for=${method}$`));
  }
  const plain = await useRegistry({ storage: redirecting(), http: { redirects: false } });
  expect((await plain.call("GET", `/v2/a/blobs/${await plain.pushBlob("a", "content")}`)).text).toBe("content");
});

test("[server/B4] a blob that is unknown, or only in another repository, is 404", async () => {
  const server = await useRegistry();
  const elsewhere = await server.pushBlob("b", "content");
  for (const digest of [absentDigest(), elsewhere]) {
    for (const method of ["GET", "DELETE"]) {
      const reply = await server.call(method, `/v2/a/blobs/${digest}`);
      expect([reply.status, reply.code, reply.detail]).toEqual([404, "BLOB_UNKNOWN", digest]);
    }
    expect((await server.call("HEAD", `/v2/a/blobs/${digest}`)).status).toBe(404);
  }
});

test("[server/B4,L12] a malformed digest is 400", async () => {
  const server = await useRegistry();
  for (const digest of [...MALFORMED_DIGESTS, "x"]) {
    for (const method of ["GET", "DELETE"]) {
      const reply = await server.call(method, `/v2/a/blobs/${digest}`);
      expect([reply.status, reply.code], digest).toEqual([400, "DIGEST_INVALID"]);
    }
  }
});

test("[server/B4,O23,D5] deleting a blob takes it out of one repository", async () => {
  const server = await useRegistry();
  const digest = await server.pushBlob("a", "content");
  await server.pushBlob("b", "content");
  const reply = await server.call("DELETE", `/v2/a/blobs/${digest}`);
  expect([reply.status, reply.headers["content-length"]]).toEqual([202, "0"]);
  expect((await server.call("DELETE", `/v2/a/blobs/${digest}`)).code).toBe("BLOB_UNKNOWN");
  expect((await server.call("GET", `/v2/a/blobs/${digest}`)).status).toBe(404);
  expect((await server.call("GET", `/v2/b/blobs/${digest}`)).text).toBe("content");
});

test("[server/B4,O23] deletes that are switched off are 405", async () => {
  const server = await useRegistry({ deletes: false });
  const digest = await server.pushBlob("a", "content");
  const reply = await server.call("DELETE", `/v2/a/blobs/${digest}`);
  expect([reply.status, reply.code]).toEqual([405, "UNSUPPORTED"]);
  expect((await server.call("GET", `/v2/a/blobs/${digest}`)).status).toBe(200);
});

test("[server/O1] a blob pushed as sha512 has that digest everywhere, and is known by its sha256 too", async () => {
  const server = await useRegistry();
  const sha512 = await server.pushBlob("a", "content", "sha512");
  const sha384 = await server.pushBlob("b", "content", "sha384");
  for (const [name, digest] of [
    ["a", sha512],
    ["b", sha384],
  ] as const) {
    for (const method of ["GET", "HEAD"]) {
      const reply = await server.call(method, `/v2/${name}/blobs/${digest}`);
      expect([reply.status, reply.headers["docker-content-digest"], reply.headers["etag"]]).toEqual([200, digest, `"${digest}"`]);
    }
  }
  const sha256 = digestOf("content");
  expect((await server.call("HEAD", `/v2/a/blobs/${sha256}`)).headers["docker-content-digest"]).toBe(sha256);
});

test("[server/D17] bytes that are gone or cut short are an error answer, not silence", async () => {
  for (const content of [Buffer.from("small"), LARGE]) {
    const storage = createMemoryDriver();
    const server = await useRegistry({ storage, cacheBytes: 1 });
    const digest = await server.pushBlob("a", content);
    const path = (await storage.list("/docker/registry/v2/blobs/sha256")).at(0) ?? "";
    const data = `${path}/${digest.slice("sha256:".length)}/data`;
    await storage.putContent(data, content.subarray(1));
    const damaged = await server.call("GET", `/v2/a/blobs/${digest}`);
    expect([damaged.status, damaged.code, damaged.text.includes("docker")]).toEqual([500, "UNKNOWN", false]);
    await storage.delete(data);
    expect((await server.call("GET", `/v2/a/blobs/${digest}`)).status).toBe(500);
    expect(server.log.lines.filter(({ level }) => level === "error")).toHaveLength(2);
    await storage.putContent(data, content);
    expect((await server.call("GET", `/v2/a/blobs/${digest}`)).body.equals(content)).toBe(true);
  }
});

test("[server/D17] storage that fails in the middle of a body cuts the connection instead of ending it well", async () => {
  const memory = createMemoryDriver();
  const storage = replacing(memory, {
    open: async (path) => {
      const file = await memory.open?.(path);
      if (file === undefined) throw new Error("the memory driver opens files");
      return {
        size: file.size,
        close: () => file.close(),
        read: (into, position) => (position > 1_500_000 ? Promise.reject(new Error("the disk is gone")) : file.read(into, position)),
      };
    },
  });
  const server = await useRegistry({ storage });
  const digest = await server.pushBlob("a", LARGE);
  await expect(server.call("GET", `/v2/a/blobs/${digest}`)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect((await server.call("GET", `/v2/a/blobs/${digest}`, { headers: { range: "bytes=0-99" } })).status).toBe(206);
});

test("a client that leaves in the middle of a download is logged as gone, and the file is closed", async () => {
  const memory = createMemoryDriver();
  let open = 0;
  const closed = Promise.withResolvers<void>();
  const storage = replacing(memory, {
    open: async (path) => {
      const file = await memory.open?.(path);
      if (file === undefined) throw new Error("the memory driver opens files");
      open++;
      const close = async (): Promise<void> => {
        await file.close();
        open--;
        closed.resolve();
      };
      return { size: file.size, close, read: (into, position) => file.read(into, position) };
    },
  });
  const server = await useRegistry({ storage });
  const digest = await server.pushBlob("a", bytesOf(40_000_000));
  const connection = await server.raw();
  connection.socket.once("data", () => connection.destroy());
  connection.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(connection.socket, "close");
  await closed.promise;
  expect(open).toBe(0);
  expect(await server.requests.ended("blob.fetch")).toMatchObject({ status: 499 });
  expect(server.log.lines.filter(({ level }) => level === "error")).toEqual([]); // it is no fault of ours
});
