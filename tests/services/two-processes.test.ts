import { readFile, readdir, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  Auditor,
  call,
  chooseSeed,
  errorCode,
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
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeWithPostgres } from "./describe-with-postgres.ts";

const ENV = { REGISTRY_UPLOADS_LEASEDURATION: "2s" };
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const PUSH_MS = 6_000;

describe("two processes over one data folder, SQLite", () => describePair(() => Promise.resolve([])));

describeWithPostgres("two processes over one data folder, PostgreSQL", (server) =>
  describePair(async () => ["--metadata-url", server().url(await server().createDatabase())]),
);

/** @param metadata makes flags for an empty database */
function describePair(metadata: () => Promise<readonly string[]>): void {
  let scratch: Scratch;
  let args: readonly string[];
  let a: ServerProcess;
  let b: ServerProcess;
  const start = (): Promise<ServerProcess> => startServer({ data: scratch.join("data"), args, env: ENV });

  beforeAll(async () => {
    scratch = await createScratch();
    args = await metadata();
    [a, b] = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    await Promise.all([a.kill(), b.kill()]);
    await scratch.remove();
  });

  const open = async (repository: string): Promise<{ path: string; id: string }> => {
    const answer = await call(`${a.url}/v2/${repository}/blobs/uploads/`, { method: "POST" });
    expect(answer.status).toBe(202);
    return { path: new URL(answer.headers.location ?? "").pathname, id: String(answer.headers["docker-upload-uuid"]) };
  };
  const patch = (server: ServerProcess, path: string, body: Buffer, offset: number) =>
    call(server.url + path, { method: "PATCH", body, headers: { "content-range": `${offset}-${offset + body.byteLength - 1}` } });
  const uploadFile = (id: string): string => scratch.join("data", "docker/registry/v2/uploads", id);
  const sizeOf = (path: string): Promise<number> =>
    stat(path).then(
      ({ size }) => size,
      () => -1,
    );

  test("[server/SQ40,SQ42] an upload goes on at another process with every chunk, and both serve the blob", async () => {
    const { path } = await open("wandering");
    const pieces = [1, 70_000, 1 << 20, 3 << 20, 17].map((size, index) => new Random(index).bytes(size));
    const content = Buffer.concat(pieces);
    let offset = 0;
    for (const [index, piece] of pieces.entries()) {
      const [here, there] = index % 2 === 0 ? [a, b] : [b, a];
      const answer = await patch(here, path, piece, offset);
      offset += piece.byteLength;
      expect([answer.status, answer.headers["berth-upload-offset"]]).toEqual([202, String(offset)]);
      const status = await call(there.url + path);
      expect([status.status, status.headers["berth-upload-offset"]]).toEqual([204, String(offset)]);
    }
    const put = await call(`${b.url}${path}?digest=${sha256(content)}`, { method: "PUT" });
    expect(put.status).toBe(201);
    for (const server of [a, b])
      expect((await call(`${server.url}/v2/wandering/blobs/${sha256(content)}`)).body.equals(content)).toBe(true);
    expect((await call(a.url + path)).status).toBe(404);
  });

  test("[server/U14,SQ40] of chunks sent at once to both processes exactly one wins, and the others learn the true range", async () => {
    const { path } = await open("contended");
    const written: Buffer[] = [];
    for (let round = 0; round < 6; round++) {
      const offset = round * 50_000;
      const bodies = Array.from({ length: 8 }, (_, index) => new Random(round * 8 + index).bytes(50_000));
      const answers = await Promise.all(bodies.map((body, index) => patch(index % 2 === 0 ? a : b, path, body, offset)));
      const winners = answers.flatMap(({ status }, index) => (status === 202 ? [index] : []));
      expect(winners).toHaveLength(1);
      for (const [index, answer] of answers.entries()) {
        if (index === winners[0]) continue;
        expect([answer.status, errorCode(answer)]).toEqual([416, "RANGE_INVALID"]);
        expect([String(offset), String(offset + 50_000)]).toContain(answer.headers["berth-upload-offset"]);
      }
      written.push(bodies[winners[0] ?? 0] ?? Buffer.alloc(0));
    }
    const content = Buffer.concat(written);
    expect((await call(`${b.url}${path}?digest=${sha256(content)}`, { method: "PUT" })).status).toBe(201);
    expect((await call(`${a.url}/v2/contended/blobs/${sha256(content)}`)).body.equals(content)).toBe(true);
  });

  test("[server/SQ40,SQ41,U13] the lease of a killed process runs out, and its bytes after the last checkpoint are dropped", async () => {
    const { path, id } = await open("orphaned");
    const first = new Random(1).bytes(100_000);
    expect((await patch(a, path, first, 0)).status).toBe(202);
    const slow = startRequest(a.url + path, "PATCH", { "content-length": String(64 << 20) });
    await slow.write(new Random(2).bytes(5 << 20));
    await expect.poll(() => sizeOf(uploadFile(id)), { timeout: 20_000 }).toBeGreaterThan(1 << 20);
    await a.kill();
    a = await start();
    const status = await call(b.url + path);
    expect(status.headers["berth-upload-offset"]).toBe("100000");
    const rest = new Random(3).bytes(200_000);
    for (;;) {
      const answer = await patch(b, path, rest, 100_000);
      if (answer.status === 202) break;
      expect([answer.status, answer.headers["berth-upload-offset"]]).toEqual([416, "100000"]);
      await delay(100);
    }
    const content = Buffer.concat([first, rest]);
    expect((await call(`${a.url}${path}?digest=${sha256(content)}`, { method: "PUT" })).status).toBe(201);
    expect((await call(`${b.url}/v2/orphaned/blobs/${sha256(content)}`)).body.equals(content)).toBe(true);
    await expect.poll(() => readdir(scratch.join("data", "docker/registry/v2/uploads")).catch(() => [])).toEqual([]);
  });

  test("[server/U12,SQ40] a session deleted at one process is gone for the writer at the other", async () => {
    const { path, id } = await open("deleted");
    const slow = startRequest(a.url + path, "PATCH");
    await slow.write(new Random(4).bytes(100_000));
    await expect.poll(() => sizeOf(uploadFile(id)), { timeout: 20_000 }).toBeGreaterThan(-1);
    expect((await call(b.url + path, { method: "DELETE" })).status).toBe(204);
    slow.end();
    const answer = await slow.answer;
    expect([answer.status, errorCode(answer)]).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
    for (const server of [a, b]) expect((await call(server.url + path)).status).toBe(404);
    await expect.poll(() => sizeOf(uploadFile(id))).toBe(-1);
  });

  test("[server/SQ23] a tag set, moved or deleted at one process is so at the other at once", async () => {
    const put = async (server: ServerProcess, note: string): Promise<string> => {
      const payload = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [], annotations: { note } }),
      );
      const answer = await call(`${server.url}/v2/tagged/manifests/latest`, {
        method: "PUT",
        body: payload,
        headers: { "content-type": "application/vnd.oci.image.index.v1+json" },
      });
      expect(answer.status).toBe(201);
      return sha256(payload);
    };
    for (let round = 0; round < 20; round++) {
      const [here, there] = round % 2 === 0 ? [a, b] : [b, a];
      const digest = await put(here, String(round));
      const head = await call(`${there.url}/v2/tagged/manifests/latest`, { method: "HEAD" });
      expect([head.status, head.headers["docker-content-digest"]]).toEqual([200, digest]);
    }
    expect((await call(`${a.url}/v2/tagged/manifests/latest`, { method: "DELETE" })).status).toBe(202);
    expect((await call(`${b.url}/v2/tagged/manifests/latest`, { method: "HEAD", headers: { accept: MANIFEST } })).status).toBe(404);
  });

  test("[server/SQ20,SQ22,SQ24] eight pushers at two processes, one of which is killed and comes back, lose nothing acknowledged", async () => {
    const random = new Random(chooseSeed("two processes"));
    const ledgers = Array.from({ length: 8 }, (_, index) => new RepositoryLedger(`many/app${index}`));
    let alive: ServerProcess[] = [a, b];
    let turn = 0;
    const pushers = ledgers.map(
      (ledger) =>
        new Pusher({
          ledger,
          random: random.fork(),
          entry: () => Promise.resolve(alive[turn++ % alive.length]?.url ?? ""),
          mountable: () =>
            ledgers.flatMap(({ name, blobs }) =>
              [...blobs].slice(-5).flatMap(([digest, presence]) => (presence === "there" ? [{ repository: name, digest }] : [])),
            ),
        }),
    );
    let stopped = false;
    onTestFinished(() => void (stopped = true));
    const running = pushers.map(async (pusher) => {
      while (!stopped) await pusher.step();
    });
    await delay(PUSH_MS / 2);
    alive = [b];
    await a.kill();
    a = await start();
    alive = [a, b];
    await delay(PUSH_MS / 2);
    stopped = true;
    await Promise.all(running);
    const losses = [];
    let read = 0;
    for (const server of [a, b]) {
      const audit = await new Auditor(server.url).audit(ledgers);
      losses.push(...audit.losses);
      read += audit.read;
    }
    expect(losses).toEqual([]);
    expect(pushers.flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(sumTotals(ledgers).manifests).toBeGreaterThan(8);
    console.info(`two processes: acknowledged ${JSON.stringify(sumTotals(ledgers))}; ${read} objects read whole; losses ${losses.length}`);
  });

  test("[server/C7] --workers 2 serve one address, outlive a worker that is killed, and end on SIGTERM", async () => {
    const daemon = await startServer({ data: scratch.join("workers"), args: [...(await metadata()), "--workers", "2"], env: ENV });
    onTestFinished(async () => void (await daemon.kill()));
    const workers = (): Promise<number[]> => childrenOf(daemon.pid);
    await expect.poll(async () => (await workers()).length).toBe(2);
    const random = new Random(chooseSeed("workers"));
    const ledgers = Array.from({ length: 4 }, (_, index) => new RepositoryLedger(`workers/app${index}`));
    const pushers = ledgers.map(
      (ledger) => new Pusher({ ledger, random: random.fork(), entry: () => Promise.resolve(daemon.url), mountable: () => [] }),
    );
    const step = (): Promise<unknown> => Promise.all(pushers.map((pusher) => pusher.step()));
    await step();
    const [victim] = await workers();
    const during = step();
    process.kill(victim ?? 0, "SIGKILL");
    await during;
    await step();
    await expect.poll(async () => (await workers()).filter((pid) => pid !== victim).length, { timeout: 20_000 }).toBe(2);
    await step();
    expect((await new Auditor(daemon.url).audit(ledgers)).losses).toEqual([]);
    expect(pushers.flatMap(({ complaints }) => complaints)).toEqual([]);
    daemon.signal("SIGTERM");
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
  });

  test("[server/C7] --workers 2 end well on a SIGTERM that comes while a worker starts", async () => {
    const daemon = await startServer({ data: scratch.join("starting"), args: [...(await metadata()), "--workers", "2"], env: ENV });
    onTestFinished(async () => void (await daemon.kill()));
    const [victim = 0] = await childrenOf(daemon.pid);
    process.kill(victim, "SIGKILL");
    await expect
      .poll(async () => (await childrenOf(daemon.pid)).filter((pid) => pid !== victim).length, { interval: 5, timeout: 20_000 })
      .toBe(2);
    daemon.signal("SIGTERM");
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
  });
}

/** The processes that a process has started. */
async function childrenOf(pid: number): Promise<number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").filter(Boolean).map(Number);
}
