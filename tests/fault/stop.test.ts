import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect } from "node:net";
import { basename, join } from "node:path";
import {
  Auditor,
  call,
  chooseSeed,
  ConnectionLostError,
  Pusher,
  Random,
  RepositoryLedger,
  type ServerProcess,
  sha256,
  startRequest,
  startServer,
  sumTotals,
} from "@berth/testkit/faults";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findStrays, sweepFolder } from "./support/data-folder.ts";

const MIB = 1 << 20;

let scratch: Scratch;
let data: string;
let server: ServerProcess;

beforeEach(async () => {
  scratch = await createScratch();
  data = scratch.join("data");
});
afterEach(async () => {
  await server.kill();
  await scratch.remove();
});

async function openSession(repository: string): Promise<string> {
  const answer = await call(`${server.url}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  expect(answer.status).toBe(202);
  return new URL(answer.headers.location ?? "").pathname;
}

/** Resolves once the server takes no connection any more. */
async function refusesConnections(port: number): Promise<void> {
  const isRefused = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(false);
      });
      socket.once("error", () => resolve(true));
    });
  await expect.poll(isRefused, { timeout: 10_000 }).toBe(true);
}

test("[server/C7] SIGTERM refuses new connections, lets uploads and downloads under way finish, and exits with 0", async () => {
  server = await startServer({ data, env: { REGISTRY_HTTP_DRAINTIMEOUT: "60s" } });
  const { url, port } = server;
  const random = new Random(1);
  const stored = random.bytes(24 * MIB);
  expect((await call(`${url}/v2/a/blobs/uploads/?digest=${sha256(stored)}`, { method: "POST", body: stored })).status).toBe(201);
  const content = random.bytes(4 * MIB);
  const session = await openSession("a");
  const upload = startRequest(`${url}${session}?digest=${sha256(content)}`, "PUT", { "content-length": String(content.byteLength) });
  await upload.write(content.subarray(0, 2 * MIB));
  const download = connect(port, "127.0.0.1"); // reads no more than the start before the server stops
  download.write(`GET /v2/a/blobs/${sha256(stored)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(download, "readable");

  server.signal("SIGTERM");
  await refusesConnections(port);
  await upload.write(content.subarray(2 * MIB));
  upload.end();
  expect((await upload.answer).status).toBe(201);
  const received: Buffer[] = [];
  for await (const chunk of download) received.push(chunk);
  expect(sha256(Buffer.concat(received).subarray(-stored.byteLength))).toBe(sha256(stored));
  expect(await server.exited).toEqual({ code: 0, signal: null });

  server = await startServer({ data });
  for (const bytes of [stored, content]) expect((await call(`${server.url}/v2/a/blobs/${sha256(bytes)}`)).body.equals(bytes)).toBe(true);
});

test("[server/C7,U13] SIGTERM with a client that stands still ends after the drain time, and its bytes are there for the next process", async () => {
  server = await startServer({ data, env: { REGISTRY_HTTP_DRAINTIMEOUT: "1s" } });
  const content = new Random(2).bytes(5 * MIB);
  const session = await openSession("a");
  const stalled = startRequest(server.url + session, "PATCH", { "content-length": String(content.byteLength) });
  await stalled.write(content.subarray(0, 3 * MIB));
  const file = join(data, "docker/registry/v2/uploads", basename(session));
  await expect
    .poll(
      () =>
        stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0);
  server.signal("SIGTERM");
  await expect(stalled.answer).rejects.toThrow(ConnectionLostError);
  expect(await server.exited).toEqual({ code: 130, signal: null });

  server = await startServer({ data });
  const offset = Number((await call(server.url + session)).headers["berth-upload-offset"]);
  expect(offset).toBeGreaterThan(0);
  expect(offset).toBeLessThanOrEqual(3 * MIB);
  const rest = content.subarray(offset);
  const headers = { "content-range": `${offset}-${content.byteLength - 1}` };
  expect((await call(server.url + session, { method: "PATCH", body: rest, headers })).status).toBe(202);
  expect((await call(`${server.url}${session}?digest=${sha256(content)}`, { method: "PUT" })).status).toBe(201);
  expect((await call(`${server.url}/v2/a/blobs/${sha256(content)}`)).body.equals(content)).toBe(true);
});

test("[server/C7,SQ20,SQ22] SIGTERM in the middle of pushes loses nothing acknowledged, ten times over", async () => {
  const random = new Random(chooseSeed("stop"));
  const ledgers = Array.from({ length: 6 }, (_, index) => new RepositoryLedger(`stop/app${index}`));
  let up = Promise.withResolvers<string>();
  const pushers = ledgers.map((ledger) => new Pusher({ ledger, random: random.fork(), entry: () => up.promise, mountable: () => [] }));
  for (let round = 0; round < 10; round++) {
    server = await startServer({ data, env: { REGISTRY_UPLOADS_LEASEDURATION: "1s" } });
    up.resolve(server.url);
    const steps = pushers.map((pusher) => pusher.step());
    await Promise.race(steps); // the others are in the middle of theirs
    up = Promise.withResolvers();
    server.signal("SIGTERM");
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.log()).not.toContain("level=error");
    server = await startServer({ data, env: { REGISTRY_UPLOADS_LEASEDURATION: "1s" } });
    up.resolve(server.url);
    await Promise.all(steps);
    expect((await new Auditor(server.url).audit(ledgers)).losses).toEqual([]);
    up = Promise.withResolvers();
    await server.kill();
  }
  expect(pushers.flatMap(({ complaints }) => complaints)).toEqual([]);
  expect(sumTotals(ledgers).manifests).toBeGreaterThan(10);
  await sweepFolder(data);
  expect(await findStrays(data)).toEqual([]);
});
