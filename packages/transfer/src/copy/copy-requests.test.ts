import { createRemoteRegistry, createRemoteRepository } from "@berth/client";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { indexManifest } from "@berth/testkit/images";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { copy } from "./copy.ts";
import { copyTags } from "./copy-tags.ts";
import { fill, imageOf, short, startFake } from "./copy.test-kit.ts";
import { createSourceMarker } from "../sources/mark-source.ts";
import { createSourceStore } from "../sources/memory-sources.ts";
import { sourceHooks } from "../sources/source-hooks.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { UploadJournal } from "./upload-journal.ts";

const one = { manager: createTransferManager({ downloads: 1, uploads: 1 }) };

test("[engine/T25] a cold copy asks three times for each blob, and five times besides; what is below goes first, the largest of it before the others, the tag last", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const image = imageOf(2);
  from.put("a/b", image, "v1");
  const result = await copy(from.repository("a/b"), "v1", to.repository("c/d"), "v2", one);
  const blobs = image.blobs
    .toSorted((one, other) => other.descriptor.size - one.descriptor.size)
    .map(({ descriptor }) => short(descriptor));
  const root = short(image.manifest);
  expect(from.journal).toEqual([
    "HEAD a/b/manifests/v1",
    `GET a/b/manifests/sha256:${root}`.replace("sha256:", ""),
    ...blobs.map((blob) => `GET a/b/blobs/${blob}`),
  ]);
  expect(to.journal).toEqual([
    "HEAD c/d/manifests/v2",
    `HEAD c/d/manifests/${root}`,
    ...blobs.flatMap((blob) => [`POST c/d/blobs/uploads mount=${blob} from=c/d`, "PUT c/d/blobs/uploads"]),
    "PUT c/d/manifests/v2",
  ]);
  const { digest, size } = image.manifest.descriptor;
  expect(result.tags).toEqual([{ tag: "v2", digest, size, outcome: "tagged" }]);
  const bytes = [image.manifest, ...image.blobs].reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  expect(result.stats).toEqual({ copied: 4, mounted: 0, existing: 0, skipped: 0, bytes });
  expect(to.manifests.get(`c/d ${digest}`)?.bytes.equals(image.manifest.bytes)).toBe(true);
});

test("a copy with nothing to do asks once at either side", async () => {
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", imageOf(3), "v1");
  to.put("b", imageOf(3), "v1");
  const result = await copy(from.repository("a"), "v1", to.repository("b"));
  expect([from.journal, to.journal]).toEqual([["HEAD a/manifests/v1"], ["HEAD b/manifests/v1"]]);
  expect([result.tags[0]?.outcome, result.stats.existing, result.stats.copied]).toEqual(["unchanged", 1, 0]);
});

test("a copy of an index, by digest or by tag, with nothing to do sends two requests at most", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const child = imageOf(2);
  const index = { manifest: indexManifest([child.manifest.descriptor]), blobs: [], children: [child] };
  for (const [registry, name] of [
    [from, "a"],
    [to, "b"],
  ] as const)
    registry.put(name, index, "v1");
  for (const reference of ["v1", index.manifest.digest]) {
    from.journal.length = to.journal.length = 0;
    await copy(from.repository("a"), reference, to.repository("b"));
    expect([...from.journal, ...to.journal].map((line) => line.split(" ")[0])).toEqual(["HEAD", "HEAD"]);
  }
});

test("a copy of what is there under another name only moves the tag", async () => {
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", imageOf(3), "v1");
  to.put("b", imageOf(3), "old");
  await copy(from.repository("a"), "v1", to.repository("b"), ["v1", "v2", "old"]);
  const root = short(imageOf(3).manifest);
  expect(from.journal.toSorted()).toEqual([`GET a/manifests/${root}`, "HEAD a/manifests/v1"]);
  expect(to.journal.filter((line) => line.startsWith("PUT"))).toEqual([`PUT b/manifests/${root}`]);
  expect([...to.tags.keys()].toSorted()).toEqual(["b old", "b v1", "b v2"]);
});

test("[engine/T25] blobs that are there cost one request each", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const image = imageOf(5);
  from.put("a", image, "v1");
  for (const { descriptor, bytes } of image.blobs) to.blobs.set(`b ${descriptor.digest}`, bytes);
  const { stats } = await copy(from.repository("a"), "v1", to.repository("b"));
  expect([from.count("GET a/blobs"), to.count("POST"), to.count("HEAD b/blobs"), to.count("PUT")]).toEqual([0, 6, 0, 1]);
  expect([stats.existing, stats.copied]).toEqual([6, 1]);
});

test("[engine/T25] three tags that share their layers: each blob is asked for once, each manifest put once", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const shared = imageOf(4).blobs.slice(1);
  const roots = ["v1", "v2", "v3"].map((tag, at) => {
    const image = imageOf(0, { seed: at + 10, of: tag });
    const config = image.blobs[0]?.descriptor;
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: shared.map(({ descriptor }) => descriptor) }),
    );
    const manifest = { ...image.manifest, bytes, digest: digestOf(bytes) };
    from.put("a", { ...image, manifest, blobs: [...image.blobs, ...shared] }, tag);
    return { tag, digest: manifest.digest, size: bytes.byteLength };
  });
  const { tags } = await copyTags(from.repository("a"), undefined, to.repository("b"));
  expect(tags).toEqual(roots.map((root) => ({ ...root, outcome: "tagged" })));
  expect([to.count("POST"), to.count("HEAD b/blobs"), to.count("PUT b/blobs"), to.count("PUT b/manifests")]).toEqual([7, 0, 7, 3]);
  expect(from.count("GET a/blobs")).toBe(7);
});

test("[engine/T23] within one registry every blob is mounted from the source: one request each, no bytes", async () => {
  const registry = await startFake();
  const image = imageOf(3);
  registry.put("team/a", image, "v1");
  const mounted: string[] = [];
  const remote = createRemoteRegistry(registry.host, { plainHttp: true, http: {} });
  const { stats } = await copy(remote.repository("team/a"), "v1", remote.repository("team/b"), undefined, {
    onMounted: (_, from) => mounted.push(from),
  });
  await remote.close();
  expect([registry.count("GET team/a/blobs"), registry.count("PUT team/b/blobs"), stats.mounted, stats.copied]).toEqual([0, 0, 4, 1]);
  expect(registry.journal.filter((line) => line.startsWith("POST")).toSorted()).toEqual(
    image.blobs.map(({ descriptor }) => `POST team/b/blobs/uploads mount=${short(descriptor)} from=team/a`).toSorted(),
  );
  expect(mounted).toEqual(["team/a", "team/a", "team/a", "team/a"]);
});

test("[engine/T23] candidates are asked in their order, from memory too", async () => {
  const registry = await startFake();
  const image = imageOf(1);
  registry.put("team/a", image);
  const store = createMemoryStore();
  await fill(store, image);
  await store.tag(image.manifest.descriptor, "v1");
  const refused: string[] = [];
  const { stats } = await copy(store, "v1", registry.repository("team/b"), undefined, {
    ...one,
    mountCandidates: async () => ["team/b", "team/x", "team/a"],
    onMountRefused: (_, from) => refused.push(from),
  });
  expect(stats.mounted).toBe(2);
  expect(refused).toEqual(["team/b", "team/x", "team/b", "team/x"]);
  const blob = short(image.blobs[1]?.descriptor ?? image.manifest);
  expect(registry.journal.filter((line) => line.startsWith("POST")).slice(0, 2)).toEqual([
    `POST team/b/blobs/uploads mount=${blob} from=team/x`,
    `POST team/b/blobs/uploads mount=${blob} from=team/a`,
  ]);
});

test("[engine/T23] what the destination is thought to have is asked for there before another repository is to give it", async () => {
  const registry = await startFake();
  const image = imageOf(1);
  for (const { descriptor, bytes } of image.blobs) registry.blobs.set(`team/b ${descriptor.digest}`, bytes);
  const store = createMemoryStore();
  await fill(store, image);
  await store.tag(image.manifest.descriptor, "v1");
  const { stats } = await copy(store, "v1", registry.repository("team/b"), undefined, {
    mountCandidates: () => ["team/b", "team/gone"],
  });
  expect([stats.existing, stats.mounted, stats.bytes]).toEqual([2, 0, image.manifest.descriptor.size]);
  expect([registry.count("HEAD team/b/blobs"), registry.count("POST")]).toEqual([2, 0]);
});

test("[engine/T24] the upload that a registry offers instead of mounting is used, and the candidate is named", async () => {
  const registry = await startFake({ refuseMounts: true });
  const image = imageOf(2);
  registry.put("team/a", image, "v1");
  const refused: string[] = [];
  const { stats } = await copy(registry.repository("team/a"), "v1", registry.repository("team/b"), undefined, {
    onMountRefused: (_, from) => refused.push(from),
  });
  expect([registry.count("POST"), registry.count("PUT team/b/blobs"), registry.count("DELETE")]).toEqual([3, 3, 0]);
  expect([stats.mounted, stats.copied, refused]).toEqual([0, 4, ["team/a", "team/a", "team/a"]]);
});

test("[engine/T24] why a candidate gave nothing is told: it wants the bytes, to know who asks, or something else", async () => {
  const statuses: Record<string, number> = { "team/w": 401, "team/x": 403 };
  const registry = await startFake({
    answer(request, response) {
      const status = statuses[new URL(request.url ?? "/", "http://x").searchParams.get("from") ?? ""];
      if (status === undefined) return false;
      response.writeHead(status, { "content-length": "0", "www-authenticate": 'Basic realm="r"' }).end();
      return true;
    },
  });
  const store = createMemoryStore();
  await fill(store, imageOf(0));
  await store.tag(imageOf(0).manifest.descriptor, "v1");
  const told: string[] = [];
  await copy(store, "v1", registry.repository("team/b"), undefined, {
    mountCandidates: () => ["team/w", "team/x", "team/y"],
    onMountRefused: (_, from, reason) => told.push(`${from} ${reason}`),
  });
  expect(told).toEqual(["team/w unauthorized", "team/x refused", "team/y not-mounted"]);
});

test("[engine/T24] a candidate that a registry stumbles over costs a try, not the copy", async () => {
  const registry = await startFake({
    answer(request, response) {
      if (!(request.url ?? "").includes("from=")) return false;
      if ((request.url ?? "").endsWith("from=team%2Fb")) return false;
      response.writeHead(500, { "content-length": "0" }).end();
      return true;
    },
  });
  const [store, image] = [createMemoryStore(), imageOf(1)];
  await fill(store, image);
  await store.tag(image.manifest.descriptor, "v1");
  const sources = createSourceStore();
  for (const { descriptor } of image.blobs) sources.note(descriptor.digest, { registry: registry.host, repository: "team/a" });
  const destination = { registry: registry.host, repository: "team/b", marker: createSourceMarker(undefined) };
  const { stats } = await copy(store, "v1", registry.repository("team/b", { retry: false }), undefined, {
    manager: createTransferManager({ attempts: 2, backoff: () => 0 }),
    ...sourceHooks(sources, { destination }),
  });
  expect([stats.copied, stats.mounted]).toEqual([3, 0]);
});

test("[engine/T24] a registry that never mounts is asked for blobs first, once that is known", async () => {
  const [from, to] = [await startFake(), await startFake({ refuseMounts: true })];
  const image = imageOf(3, { size: 4_194_304 });
  from.put("a", image, "v1");
  for (const { descriptor, bytes } of image.blobs) to.blobs.set(`b ${descriptor.digest}`, bytes);
  const { stats } = await copy(from.repository("a"), "v1", to.repository("b"), undefined, one);
  expect([from.count("GET a/blobs"), to.count("HEAD b/blobs"), to.count("POST"), to.count("DELETE")]).toEqual([0, 4, 1, 1]);
  expect([stats.existing, stats.copied]).toEqual([4, 1]);
});

test("[engine/T25] a registry that says of large blobs that they are there is asked for the first one only", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const image = imageOf(2, { size: 4_194_304 });
  from.put("a", image, "v1");
  const [, there] = image.blobs;
  if (there !== undefined) to.blobs.set(`b ${there.descriptor.digest}`, there.bytes);
  const { stats } = await copy(from.repository("a"), "v1", to.repository("b"), undefined, one);
  expect([to.count("HEAD b/blobs"), stats.existing, stats.copied]).toEqual([1, 1, 3]);
});

test("[engine/T45] an upload that an earlier copy left is gone on with where the registry is, and then forgotten", async () => {
  const [from, to] = [await startFake(), await startScriptedRegistry()];
  onTestFinished(() => to.close());
  const image = imageOf(1, { size: 5 << 20 });
  from.put("a", image, "v1");
  const layer = image.blobs[1] ?? expect.unreachable();
  const entries = new Map<string, string>();
  const journal: UploadJournal = {
    find: async ({ digest }) => entries.get(digest),
    note: ({ digest }, upload) => void entries.set(digest, upload),
    forget: async ({ digest }) => void entries.delete(digest),
  };
  const uploads = "/v2/b/blobs/uploads/";
  let isOpen = false;
  const held = `0-${(2 << 20) - 1}`;
  to.on("HEAD", /^/, { status: 404 }).on("PUT", /manifests/, { status: 201 });
  to.on("POST", uploads, ({ query }) => ({ status: 202, headers: { location: `${uploads}${query.get("mount")?.slice(7, 11)}` } }));
  to.on("PUT", new RegExp(uploads), ({ path }) => ({ status: isOpen || !path.endsWith(short(layer.descriptor)) ? 201 : 403 }));
  to.on("GET", `${uploads}${short(layer.descriptor)}`, { status: 204, headers: { range: held } });
  to.on("PATCH", new RegExp(uploads), ({ path }) => ({
    status: 202,
    headers: { location: path, range: `0-${layer.bytes.byteLength - 1}` },
  }));
  const repository = createRemoteRepository(`${to.host}/b`, { plainHttp: true, retry: false, http: {} });
  const run = async (): Promise<unknown> => await copy(from.repository("a"), "v1", repository, undefined, { ...one, journal });
  await expect(run()).rejects.toMatchObject({ code: "ERR_COPY", origin: "destination", cause: { status: 403 } });
  expect([[...entries.keys()], to.journal("DELETE")]).toEqual([[layer.descriptor.digest], []]);
  isOpen = true;
  to.requests.length = 0;
  await run();
  expect([entries.size, to.journal("POST").filter((line) => line.includes(layer.descriptor.digest.slice(7)))]).toEqual([0, []]);
  const [patch] = to.requests.filter(({ method }) => method === "PATCH");
  expect(patch?.headers["content-range"]).toBe(`${2 << 20}-${layer.bytes.byteLength - 1}`);
  expect(patch?.body.equals(layer.bytes.subarray(2 << 20))).toBe(true);
});

test("[engine/T26] a registry that says it stored something else has failed, and the manifest is not pushed", async () => {
  const other = digestOf("other");
  const [from, to] = [
    await startFake(),
    await startFake({
      answer(request, response) {
        if (request.method !== "PUT") return false;
        request.resume().on("end", () => response.writeHead(201, { "docker-content-digest": other }).end());
        return true;
      },
    }),
  ];
  from.put("a", imageOf(1), "v1");
  await expect(copy(from.repository("a"), "v1", to.repository("b"), undefined, one)).rejects.toMatchObject({
    code: "ERR_COPY",
    origin: "destination",
    cause: { code: "ERR_DIGEST_MISMATCH", actual: other },
  });
  expect(to.count("PUT b/manifests")).toBe(0);
});

test("[engine/T31] two hundred small blobs need no more connections than the limit, and keep them", async () => {
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", imageOf(199), "v1");
  await copy(from.repository("a"), "v1", to.repository("b"), undefined, { manager: createTransferManager({ downloads: 4, uploads: 4 }) });
  expect([from.count("GET a/blobs"), to.count("PUT b/blobs")]).toEqual([200, 200]);
  expect(Math.max(from.connectionCount, to.connectionCount)).toBeLessThanOrEqual(4); // ever, so that each one was used again and again
});

test("children of an index are looked for once each, and those that are there are not looked into", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const [first, second] = [imageOf(1, { of: "x" }), imageOf(1, { of: "y" })];
  const manifest = indexManifest([first.manifest.descriptor, second.manifest.descriptor]);
  from.put("a", { manifest, blobs: [], children: [first, second] }, "v1");
  to.put("b", first);
  await copy(from.repository("a"), "v1", to.repository("b"));
  expect(from.journal).not.toContain(`GET a/manifests/${short(first.manifest)}`);
  expect([to.count("HEAD b/manifests"), to.count("POST"), to.count("PUT b/manifests")]).toEqual([4, 2, 2]);
  expect(to.journal.at(-1)).toBe("PUT b/manifests/v1");
});
