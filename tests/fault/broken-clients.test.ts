import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { Auditor, call, chooseSeed, Pusher, Random, RepositoryLedger, type ServerProcess, startServer } from "@berth/testkit/faults";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { afterAll, beforeAll, expect, test } from "vitest";

const CROWD = 500;
/** Short, so that the tests see them run out. */
const ENV = { REGISTRY_HTTP_TIMEOUTS_HEADERS: "1s", REGISTRY_HTTP_TIMEOUTS_BODYSTALL: "1s", REGISTRY_HTTP_TIMEOUTS_KEEPALIVE: "1s" };

let scratch: Scratch;
let server: ServerProcess;
const sockets: Socket[] = [];

beforeAll(async () => {
  scratch = await createScratch();
  server = await startServer({ data: scratch.join("data"), env: ENV });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server.kill();
  await scratch.remove();
});

/** Connects, and says something or nothing. Half-open: when the server ends its side, ours stays. */
function open(text: string): { readonly socket: Socket; readonly ended: Promise<void> } {
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  sockets.push(socket);
  socket.on("error", () => undefined); // reset by the server, as it may
  socket.resume();
  if (text !== "") socket.write(text);
  const ended = new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", () => resolve());
  });
  return { socket, ended };
}

const descriptors = async (): Promise<number> => (await readdir(`/proc/${server.pid}/fd`)).length;

async function pushMeanwhile(name: string): Promise<void> {
  const ledger = new RepositoryLedger(name);
  const pusher = new Pusher({
    ledger,
    random: new Random(chooseSeed(name)),
    entry: () => Promise.resolve(server.url),
    mountable: () => [],
  });
  for (let steps = 0; steps < 3; steps++) await pusher.step();
  expect([...pusher.complaints, ...(await new Auditor(server.url).audit([ledger])).losses]).toEqual([]);
  expect(ledger.totals.manifests).toBeGreaterThan(0);
}

const crowds: readonly (readonly [string, string])[] = [
  ["that send nothing", ""],
  ["that stop in the middle of a header", "GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: "],
  [
    "whose manifest stops",
    "PUT /v2/slow/manifests/latest HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\nContent-Length: 1000\r\n\r\n{",
  ],
  [
    "whose blob stops",
    `POST /v2/slow/blobs/uploads/?digest=sha256:${"0".repeat(64)} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nsome bytes`,
  ],
  ["that ask once and stay", "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["with a flood of headers", `GET /v2/ HTTP/1.1\r\nHost: x\r\n${"X-Flood: more\r\n".repeat(4_000)}`],
  ["that speak no HTTP", "\u0016\u0003\u0001 hello\r\n\r\n"],
];

test.each(crowds)(
  `[server/L4,U13] ${CROWD} connections %s keep nobody from pushing, are ended, and leave nothing behind`,
  async (what, text) => {
    const before = await descriptors();
    const crowd = Array.from({ length: CROWD }, () => open(text));
    await pushMeanwhile(`beside/${what.replaceAll(/\W+/g, "-").toLowerCase()}`);
    await Promise.all(crowd.map(({ ended }) => ended));
    for (const { socket } of crowd) socket.destroy();
    await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThan(before + 20);
    await expect.poll(() => readdir(scratch.join("data", "docker/registry/v2/uploads")).catch(() => []), { timeout: 20_000 }).toEqual([]);
    expect((await call(`${server.url}/v2/slow/tags/list`)).status).toBe(404);
    expect((await call(`${server.url}/livez`)).status).toBe(200);
  },
);

test("[server/U13] half-open connections are given up too: the client's side closes nothing", async () => {
  const before = await descriptors();
  const crowd = Array.from({ length: 50 }, () => open("GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  await Promise.all(crowd.map(({ ended }) => ended));
  await pushMeanwhile("beside/half-open");
  await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThan(before + 20);
});
