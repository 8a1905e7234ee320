import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RemoteRegistry } from "@berth/client";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { blobFixture, imageManifest, type ImageGraph, pushGraph, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { createScratch, requirePart, run } from "@berth/testkit/parts";
import { copy, copyTags, openLayout } from "@berth/transfer";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { clientOf } from "./support/client.ts";
import { largeContent } from "./support/content.ts";
import { startCuttingProxy } from "./support/cutting-proxy.ts";
import { type RunningServer, type Server, SERVERS } from "./support/servers.ts";

const MIB = 1_048_576;
const CHILD = fileURLToPath(new URL("support/copy-and-report.ts", import.meta.url));
const PLAIN = SERVERS.filter(({ name }) => name.endsWith(", plain"));
const PLATFORMS = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
];

for (const from of PLAIN) {
  for (const to of PLAIN) {
    describeWithParts(`copies from ${from.name} to ${to.name}`, [...from.needs, ...to.needs, "crane", "oras", "skopeo"], () =>
      copies(from, to),
    );
  }
}

/** An artifact that refers to a manifest. */
function referrerTo(subject: ImageGraph, text: string): ImageGraph {
  const blob = blobFixture("text/plain", Buffer.from(text));
  const config = blobFixture(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
  const manifest = imageManifest({ subject: subject.manifest.descriptor, artifactType: "example/note", layers: [blob.descriptor] });
  return { manifest, blobs: [config, blob], children: [] };
}

function copies(from: Server, to: Server): void {
  let servers: readonly RunningServer[] = [];
  let [source, destination]: (RemoteRegistry | undefined)[] = [];
  const random = new Random(20_260_814);

  beforeAll(async () => {
    servers = [await from.start(), await to.start()];
    [source, destination] = servers.map((server) => clientOf(server));
  });
  afterAll(async () => {
    for (const one of [source, destination]) await one?.close();
    for (const one of servers) await one.stop();
  });

  test("[engine/T18,T25] an index arrives as it was, and others read it; the second time nothing is to be done", async () => {
    const [first, second] = [source?.repository("a/b"), destination?.repository("c/d")];
    if (first === undefined || second === undefined) throw new Error("not started");
    const graph = randomIndex(random, PLATFORMS);
    await pushGraph(first, graph, "v1");
    const { stats } = await copy(first, "v1", second);
    expect(stats.copied).toBe(3 + new Set(graph.children.flatMap(({ blobs }) => blobs.map(({ descriptor }) => descriptor.digest))).size);
    expect((await second.resolve("v1")).digest).toBe(graph.manifest.digest);
    const host = servers[1]?.host ?? "";
    const crane = requirePart("crane").command("crane");
    expect((await run(crane, ["digest", "--insecure", `${host}/c/d:v1`])).stdout.trim()).toBe(graph.manifest.digest);
    await run(crane, ["validate", "--insecure", "--remote", `${host}/c/d:v1`]);
    const again = await copy(first, "v1", second);
    expect([again.tags[0]?.outcome, again.stats.copied]).toEqual(["unchanged", 0]);
  });

  test("[engine/T25] all tags, shared layers once, atomic", async () => {
    const [first, second] = [source?.repository("many"), destination?.repository("many")];
    if (first === undefined || second === undefined) throw new Error("not started");
    const shared = randomImage(random);
    await pushGraph(first, shared, "v1");
    await first.tag(shared.manifest.descriptor, "v2");
    await pushGraph(first, randomImage(random), "v3");
    const { tags } = await copyTags(first, undefined, second, { atomic: true });
    expect(tags.map(({ tag, outcome }) => `${tag} ${outcome}`)).toEqual(["v1 tagged", "v2 tagged", "v3 tagged"]);
    expect(await Array.fromAsync(second.tags())).toEqual(["v1", "v2", "v3"]);
  });

  test("referrers come along, and oras finds them", async () => {
    const [first, second] = [source?.repository("noted"), destination?.repository("noted")];
    if (first === undefined || second === undefined) throw new Error("not started");
    const image = randomImage(random);
    await pushGraph(first, image, "v1");
    const note = referrerTo(image, "hello");
    await pushGraph(first, note);
    await pushGraph(first, referrerTo(note, "hello, hello"));
    await copy(first, "v1", second, undefined, { referrers: true });
    const oras = requirePart("oras").command("oras");
    const scratch = await createScratch();
    onTestFinished(() => scratch.remove());
    const line = ["discover", "--plain-http", "--format", "json", `${servers[1]?.host}/noted:v1`];
    const seen = await run(oras, line, { env: { HOME: scratch.path } });
    expect(seen.stdout).toContain(note.manifest.digest);
    const found = await Array.fromAsync(second.referrers(note.manifest.descriptor));
    expect(found.map(({ artifactType }) => artifactType)).toEqual(["example/note"]);
  });

  test("[engine/T23] into another repository of the same registry without moving a blob", async () => {
    const [first, second] = [destination?.repository("team/a"), destination?.repository("team/b")];
    if (first === undefined || second === undefined) throw new Error("not started");
    const image = randomImage(random);
    await pushGraph(first, image, "v1");
    const { stats } = await copy(first, "v1", second);
    expect([stats.mounted, stats.copied]).toEqual([image.blobs.length, 1]);
  });

  test("by way of an OCI layout that skopeo reads", async () => {
    const scratch = await createScratch();
    onTestFinished(() => scratch.remove());
    const [first, second] = [source?.repository("a/b"), destination?.repository("by/layout")];
    if (first === undefined || second === undefined) throw new Error("not started");
    const image = randomImage(random);
    await pushGraph(first, image, "v1");
    const layout = await openLayout(scratch.join("layout"), { create: true });
    await copy(first, "v1", layout);
    const skopeo = requirePart("skopeo").command("skopeo");
    await run(skopeo, ["inspect", `oci:${scratch.join("layout")}:v1`]);
    await copy(layout, "v1", second);
    expect((await second.resolve("v1")).digest).toBe(image.manifest.digest);
  });
}

describeWithParts("copies that are killed", [], () => {
  /** Runs a child until it is done, or killed once `isEnough`. */
  async function runChild(
    args: readonly string[],
    isEnough?: () => boolean,
  ): Promise<{ readonly killed: boolean; readonly lines: readonly string[] }> {
    const child = spawn(process.execPath, ["--conditions=berth-source", CHILD, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const exit = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (isEnough?.() === true) child.kill("SIGKILL");
    }
    return { killed: (await exit) === "SIGKILL", lines };
  }

  test.each(["push", "pull"] as const)(
    "[engine/T11,T45] after a kill at 0.7 of the way the next %s moves less than 0.35",
    { timeout: 120_000 },
    async (direction) => {
      const size = 192 * MIB;
      const scratch = await createScratch();
      onTestFinished(() => scratch.remove());
      const server = await SERVERS[0]?.start();
      if (server === undefined) throw new Error("no server");
      onTestFinished(() => server.stop());
      const proxy = await startCuttingProxy(server.host);
      onTestFinished(() => proxy.close());
      const { descriptor, source } = await largeContent(size, 45);
      const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from("{}"));
      const manifest = imageManifest({ config: config.descriptor, layers: [{ ...descriptor, mediaType: MEDIA_TYPES.ociLayer }] });
      const layout = await openLayout(scratch.join("layout"), { create: true });
      const remote = clientOf(server);
      const store = direction === "push" ? layout : remote.repository("a/b");
      await store.push(descriptor, source);
      await store.push(config.descriptor, bytesSource(config.bytes));
      await store.push(manifest.descriptor, bytesSource(manifest.bytes));
      await store.tag(manifest.descriptor, "v1");
      if (direction === "pull") await openLayout(scratch.join("other"), { create: true });
      const args = [direction, proxy.host, scratch.join(direction === "push" ? "layout" : "other"), scratch.join("journal")];
      const moved = (): number => (direction === "push" ? proxy.sent : proxy.received);
      const first = await runChild(args, () => moved() >= size * 0.7);
      expect([first.killed, first.lines.includes("done"), moved() < size]).toEqual([true, false, true]);
      const before = moved();
      const second = await runChild(args);
      expect([second.killed, second.lines.at(-1)]).toEqual([false, "done"]);
      expect(moved() - before).toBeLessThan(size * 0.35);
      const end = direction === "push" ? remote.repository("a/b") : await openLayout(scratch.join("other"));
      expect((await end.resolve("v1")).digest).toBe(manifest.digest);
      await remote.close();
    },
  );
});
