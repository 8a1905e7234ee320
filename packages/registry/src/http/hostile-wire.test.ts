import { bytesSource } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { type Disk, useDisk } from "../testing/disk.test-kit.ts";
import { bytesOf } from "../testing/fixtures.test-kit.ts";
import { expectStatus, type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";
import { useListening } from "../testing/http-config.test-kit.ts";
import { RawConnection } from "../testing/raw-connection.test-kit.ts";
import { Unharmed } from "../testing/unharmed.test-kit.ts";
import type { HttpOptions } from "./options.ts";

async function hostileTarget(
  http: Partial<HttpOptions> = {},
): Promise<{ readonly server: RegistryServer; readonly unharmed: Unharmed; readonly disk: Disk }> {
  const disk = await useDisk();
  const server = await useRegistry({ ...(await disk.open()), http });
  await server.pushBlob("a", "content");
  return { server, disk, unharmed: await Unharmed.watch(server, disk) };
}

/** Polls until nobody writes to the session: an empty chunk finds the lease free. */
async function untilIdle(server: RegistryServer, session: string): Promise<void> {
  await expect.poll(async () => (await server.call("PATCH", session)).status).toBe(202);
}

/** Polls a session until nobody writes to it and it holds `size` bytes: the server learns of a lost client by an event of its own. */
async function untilHeld(server: RegistryServer, session: string, size: number): Promise<void> {
  await untilIdle(server, session);
  expect((await server.call("GET", session)).headers["berth-upload-offset"]).toBe(String(size));
}

/** Sends the head of a PATCH; the server is reading when this resolves. */
async function startChunk(server: RegistryServer, session: string, framing: string): Promise<RawConnection> {
  const connection = await server.raw();
  connection.write(`PATCH ${session} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${framing}\r\n\r\n`);
  await connection.until(/100 Continue/);
  return connection;
}

test("[server/U13] a body shorter than its Content-Length keeps what came, and the session goes on", async () => {
  const { server } = await hostileTarget();
  const session = await server.startUpload("a");
  const connection = await startChunk(server, session, "Content-Length: 100");
  connection.write("0123456789");
  connection.socket.end();
  await connection.closed();
  expect(await server.requests.ended("upload.append")).toMatchObject({ status: 499 });
  await untilHeld(server, session, 10);
  expectStatus(await server.call("PATCH", session, { body: "abcde", headers: { "content-range": "10-14" } }), 202);
  expectStatus(await server.call("PUT", `${session}?digest=${digestOf("0123456789abcde")}`), 201);
  expect(server.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test("[server/U6] bytes beyond Content-Length are never taken for content", async () => {
  const { server, unharmed } = await hostileTarget();
  const session = await server.startUpload("a");
  const connection = await server.exchange(`PATCH ${session} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n0123456789`);
  expect([202, 400]).toContain(connection.status); // the parser may find the nonsense behind the chunk before the chunk is stored
  await untilIdle(server, session);
  expect(["0", "5"]).toContain((await server.call("GET", session)).headers["berth-upload-offset"]);
  expectStatus(await server.call("DELETE", session), 204);
  await unharmed.check();
});

test("[server/R1] requests whose framing is ambiguous are refused by the parser", async () => {
  const { server, unharmed } = await hostileTarget();
  const session = await server.startUpload("a");
  const heads = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: -5",
    "Content-Length: 5x",
    "Content-Length: 0x5",
    "Transfer-Encoding: gzip, identity",
    "Content-Length : 5",
    "Bad Header: x",
  ];
  for (const head of heads) {
    const connection = await server.exchange(`PATCH ${session} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n\r\n01234`);
    expect(connection.status, head).toBe(400);
  }
  await untilIdle(server, session);
  expect((await server.call("GET", session)).headers["berth-upload-offset"]).toBe("0");
  await server.call("DELETE", session);
  await unharmed.check();
});

test("[server/U13] a body that stands still loses its connection, and its bytes stay", async () => {
  const { server } = await hostileTarget({ bodyTimeoutMs: 500 });
  const session = await server.startUpload("a");
  const connection = await startChunk(server, session, "Transfer-Encoding: chunked");
  connection.write("5\r\n01234\r\n");
  await connection.closed();
  await untilHeld(server, session, 5);
  expect((await server.requests.ended("upload.append")).status).toBe(499);
  expectStatus(await server.call("PUT", `${session}?digest=${digestOf("01234")}`), 201);
});

test("[server/A3] a manifest whose body stands still loses its connection, and nothing is stored", async () => {
  const { server, unharmed } = await hostileTarget({ bodyTimeoutMs: 500 });
  const connection = await server.raw();
  connection.write(
    "PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\nContent-Length: 100\r\n\r\n{",
  );
  await connection.closed();
  await server.requests.ended("manifest.put");
  await unharmed.check();
});

test("[server/B1] a client that stops reading loses its connection", async () => {
  const { server } = await hostileTarget({ bodyTimeoutMs: 500 });
  const blob = bytesOf(50_000_000);
  const descriptor = descriptorOf(undefined, blob);
  const { digest } = descriptor;
  await server.registry.repository("a").push(descriptor, bytesSource(blob)); // within: a busy machine may take that time to send it
  const connection = await server.raw();
  connection.socket.pause();
  connection.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
  expect(await server.requests.ended("blob.fetch")).toMatchObject({ status: 499 });
  connection.destroy();
  expect((await server.call("HEAD", `/v2/a/blobs/${digest}`)).status).toBe(200);
});

test("[server/U13] a half-open connection is closed, and the session can go on", async () => {
  const { server } = await hostileTarget();
  const session = await server.startUpload("a");
  const connection = await startChunk(server, session, "Transfer-Encoding: chunked");
  connection.write("5\r\n01234\r\n");
  connection.socket.end();
  await connection.closed();
  await untilHeld(server, session, 5);
  expectStatus(await server.call("PUT", `${session}?digest=${digestOf("0123456789")}`, { body: "56789" }), 201);
});

test("[server/L10] a large body that will not be read is refused at once, the answer arrives, and the connection ends", async () => {
  const { server, unharmed } = await hostileTarget();
  const connection = await server.raw();
  connection.write(`PATCH /v2/a/blobs/uploads/none HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n${"x".repeat(100_000)}`);
  await connection.until(/BLOB_UPLOAD_UNKNOWN/);
  expect([connection.status, /connection: close/i.test(connection.received)]).toEqual([404, true]);
  connection.destroy();
  await unharmed.check();
});

test("[server/L10] a client that waits for 100 Continue is refused before it sends anything", async () => {
  const { server, unharmed } = await hostileTarget();
  const connection = await server.raw();
  connection.write("PATCH /v2/a/blobs/uploads/none HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n");
  await connection.until(/BLOB_UPLOAD_UNKNOWN/);
  expect([connection.status, connection.received.includes("100 Continue")]).toEqual([404, false]);
  connection.destroy();

  const session = await server.startUpload("a");
  const accepted = await server.raw();
  accepted.write(`PATCH ${session} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
  await accepted.until(/100 Continue/);
  accepted.write("01234");
  await accepted.until(/202 Accepted/);
  accepted.destroy();
  expectStatus(await server.call("DELETE", session), 204);
  await unharmed.check();
});

test("[server/R1] floods of headers and long URLs are 431, and what is no HTTP is 400, with a body in our form", async () => {
  const { server, unharmed } = await hostileTarget();
  const { port } = await useListening(server.registry);
  const floods: readonly [string, number][] = [
    [`GET /v2/ HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 5000 }, (_, n) => `X-${n}: ${n}`).join("\r\n")}\r\n\r\n`, 431],
    [`GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Large: ${"x".repeat(40_000)}\r\n\r\n`, 431],
    [`GET /v2/${"a/".repeat(20_000)}tags/list HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ["\u0016\u0003\u0001 not http\r\n\r\n", 400],
    ["GET /v2/ HTTP/9.9\r\n\r\n", 400],
    ["PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n", 400],
  ];
  for (const [text, status] of floods) {
    const connection = await RawConnection.open(port);
    connection.write(text);
    const answer = await connection.closed();
    expect([connection.status, answer.includes('{"errors":[{"code":')], text.slice(0, 60)).toEqual([status, true]);
  }
  const many = await RawConnection.open(port);
  many.write(
    `GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${Array.from({ length: 500 }, (_, n) => `X-${n}: ${n}`).join("\r\n")}\r\n\r\n`,
  );
  await many.closed();
  expect(many.status).toBe(200);
  await unharmed.check();
});

test("a connection over the limit is dropped, and room that gets free is used", async () => {
  const { server } = await hostileTarget();
  const { port } = await useListening(server.registry, { limits: { headerBytes: 32 * 1024, connections: 2 } });
  const [one, two] = [await RawConnection.open(port), await RawConnection.open(port)];
  for (const connection of [one, two]) {
    connection.write("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n");
    await connection.until(/\{\}/);
  }
  const three = await RawConnection.open(port);
  three.write("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(await three.closed()).toBe("");
  one.destroy();
  await expect
    .poll(async () => {
      const again = await RawConnection.open(port);
      again.write("GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      await again.closed();
      return again.status;
    })
    .toBe(200);
  two.destroy();
});
