import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { createRegistry, type EmbeddedRegistry } from "@berth/registry";
import { type CopyStats, openLayout, type TransferEvent } from "@berth/transfer";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { serveHandler } from "../testing/registry.ts";

const BIN = fileURLToPath(new URL("../../bin/berth.cjs", import.meta.url));
const SIZE = 24 << 20;
const EMPTY = descriptorOf("application/vnd.oci.empty.v1+json", Buffer.from("{}"));

let folder: string;
let registry: EmbeddedRegistry;
let server: Server;
let host: string;
let layer: Descriptor;
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-resuming-"));
  registry = await createRegistry();
  server = createServer(registry.handler);
  server.on("connection", (socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const content = randomBytes(SIZE);
  layer = descriptorOf(MEDIA_TYPES.ociLayer, content);
  const configBytes = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [layer.digest] } }),
  );
  const config = descriptorOf(MEDIA_TYPES.ociConfig, configBytes);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer] }));
  const manifest = descriptorOf(MEDIA_TYPES.ociManifest, bytes);
  const layout = await openLayout(join(folder, "layout"), { create: true });
  for (const target of [layout, registry.repository("source")]) {
    await target.push(target === layout ? layer : { ...layer, mediaType: MEDIA_TYPES.octetStream }, bytesSource(content));
    await target.push(target === layout ? config : { ...config, mediaType: MEDIA_TYPES.octetStream }, bytesSource(configBytes));
    await target.push(manifest, bytesSource(bytes));
    await target.tag(manifest, "v1");
  }
  const file = { ...layer, annotations: { "org.opencontainers.image.title": "large.bin" } };
  const files = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, artifactType: "x/files", config: EMPTY, layers: [file] };
  const artifact = Buffer.from(JSON.stringify(files));
  await registry.repository("source").push({ ...EMPTY, mediaType: MEDIA_TYPES.octetStream }, bytesSource("{}"));
  await registry.repository("source").push(descriptorOf(MEDIA_TYPES.ociManifest, artifact), bytesSource(artifact));
  await registry.repository("source").tag(descriptorOf(MEDIA_TYPES.ociManifest, artifact), "files");
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
  await registry.close();
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What it says that it moved: bytes by its progress, and by its result. */
interface Told {
  readonly progress: number;
  readonly result: number;
}

/** Runs berth; `onMost` is called once, when most of the layer was moved. */
async function run(
  args: readonly string[],
  share: number,
  onMost?: (child: ReturnType<typeof spawn>) => void,
): Promise<Ended & { readonly told: Told }> {
  const env = { PATH: process.env["PATH"], HOME: folder };
  const child = spawn(process.execPath, [BIN, ...args, "--progress", "json"], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout });
  let isPast = false;
  const told = { progress: 0, result: 0 };
  const over = once(lines, "close");
  lines.on("line", (line) => {
    const { id, current, moved = 0, stats } = JSON.parse(line) as Partial<TransferEvent> & { readonly stats?: CopyStats };
    told.progress += moved;
    told.result += stats?.bytes ?? 0;
    if (isPast || id === undefined || !layer.digest.includes(id) || (current ?? 0) < share * SIZE) return;
    isPast = true;
    onMost?.(child);
  });
  await once(child, "exit");
  if (child.stdout.readable) await over;
  return { code: child.exitCode, signal: child.signalCode, told };
}

const moved = (way: "bytesRead" | "bytesWritten"): number => sockets.reduce((sum, socket) => sum + socket[way], 0);
const journal = (): readonly string[] => readdirSync(join(folder, ".local", "state", "berth", "uploads"));

test("[engine/T45] a push that was killed at 70 % goes on: less than 35 % is sent again", async () => {
  const args = ["cp", `oci:${join(folder, "layout")}:v1`, `${host}/killed:v1`];
  const killed = await run([...args, "--limit-rate", "16MiB"], 0.7, (child) => child.kill("SIGKILL"));
  expect(killed.signal).toBe("SIGKILL");
  expect(journal()).toHaveLength(1);
  const before = moved("bytesRead");
  const { code, told } = await run(args, 2);
  expect(code).toBe(0);
  const sent = moved("bytesRead") - before;
  expect(sent).toBeLessThan(0.35 * SIZE);
  expect(told.result).toBe(told.progress);
  expect(Math.abs(sent - told.result)).toBeLessThan(20_000); // heads of requests
  expect(journal()).toHaveLength(0);
});

test("[engine/T11] a pull that was killed at 70 % goes on: less than 35 % is fetched again", async () => {
  const args = ["pull", "-o", "oci:pulled", "--platform", "linux/amd64", `${host}/source:v1`];
  const killed = await run([...args, "--limit-rate", "16MiB"], 0.7, (child) => child.kill("SIGKILL"));
  expect(killed.signal).toBe("SIGKILL");
  const before = moved("bytesWritten");
  const { code, told } = await run(args, 2);
  expect(code).toBe(0);
  const fetched = moved("bytesWritten") - before;
  expect(fetched).toBeLessThan(0.35 * SIZE);
  expect(told.result).toBe(told.progress);
  expect(Math.abs(fetched - told.result)).toBeLessThan(20_000);
});

test.each([
  ["killed", "SIGKILL", { signal: "SIGKILL" }],
  ["stopped by Ctrl-C", "SIGINT", { code: 130, signal: null }],
  ["stopped by a terminal that was closed", "SIGHUP", { code: 130, signal: null }],
] as const)(
  "[engine/T11] a pull of files that was %s at 0.7 of it goes on: less than 0.35 is fetched again, and nothing else is left",
  async (_, signal, ended) => {
    const into = join(folder, signal);
    const args = ["pull", "-o", into, `${host}/source:files`];
    expect(await run([...args, "--limit-rate", "16MiB"], 0.7, (child) => child.kill(signal))).toMatchObject(ended);
    expect(readdirSync(into)).toEqual([expect.stringMatching(/^\.berth-partial-/)]);
    const before = moved("bytesWritten");
    expect(await run(args, 2)).toMatchObject({ code: 0 });
    expect(moved("bytesWritten") - before).toBeLessThan(0.35 * SIZE);
    expect(readdirSync(into)).toEqual(["large.bin"]);
    expect(digestOf(readFileSync(join(into, "large.bin")))).toBe(layer.digest);
  },
);

test("what a download that was killed left beside its file goes with the next one; that of a running one stays", async () => {
  const cut = layer.digest;
  let isStalled = true;
  let waiting = 0;
  const stalling = await serveHandler((request, response) => {
    if (!isStalled || request.method !== "GET" || !request.url?.includes(cut)) return registry.handler(request, response);
    waiting++;
    response.writeHead(200, { "content-length": SIZE, "content-type": "application/octet-stream" }).write(Buffer.alloc(1000));
  });
  onTestFinished(async () => await stalling.close());
  const place = join(folder, "partials");
  mkdirSync(place);
  const partials = (file: string): readonly string[] => readdirSync(place).filter((name) => name.startsWith(`.${file}.partial-`));
  const env = { PATH: process.env["PATH"], HOME: folder };
  const start = async (file: string, args: readonly string[]): Promise<() => Promise<void>> => {
    const before = [waiting, partials(file).length].map((count) => count + 1);
    const child = spawn(process.execPath, [BIN, ...args, "-o", file], { cwd: place, env, stdio: "ignore" });
    await vi.waitFor(() => expect([waiting, partials(file).length]).toEqual(before), { timeout: 20_000 });
    return async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    };
  };
  const verbs: readonly (readonly [file: string, args: readonly string[]])[] = [
    ["blob", ["blob", "get", `${stalling.host}/source@${cut}`]],
    ["saved.tar", ["save", `${stalling.host}/source:v1`]],
  ];
  for (const [file, args] of verbs) {
    isStalled = true;
    const killFirst = await start(file, args);
    const killSecond = await start(file, args);
    await killFirst();
    expect(partials(file)).toHaveLength(2);
    isStalled = false;
    expect(await run([...args, "-o", join(place, file)], 2)).toMatchObject({ code: 0 });
    expect(partials(file)).toHaveLength(1);
    await killSecond();
    expect(await run([...args, "-o", join(place, file)], 2)).toMatchObject({ code: 0 });
    expect(readdirSync(place)).toContain(file);
    expect(partials(file)).toEqual([]);
  }
});

test("stopped by the user, a push takes its upload back; with --resume it stays", async () => {
  rmSync(join(folder, ".local", "state", "berth", "sources.json"), { force: true }); // else the layer is mounted from where it was before
  const args = ["cp", `oci:${join(folder, "layout")}:v1`, `${host}/stopped:v1`, "--limit-rate", "16MiB"];
  expect(await run(args, 0.3, (child) => child.kill("SIGINT"))).toMatchObject({ code: 130, signal: null });
  expect(journal()).toHaveLength(0);
  expect(await run([...args, "--resume"], 0.3, (child) => child.kill("SIGINT"))).toMatchObject({ code: 130, signal: null });
  expect(journal()).toHaveLength(1);
});

test("[engine/T30] when nobody reads the progress any more the process ends", async () => {
  const args = ["cp", `${host}/source:v1`, "oci:closed:v1", "--limit-rate", "1MiB"];
  expect(await run(args, 0.01, (child) => child.stdout?.destroy())).toMatchObject({ code: 141, signal: null });
});
