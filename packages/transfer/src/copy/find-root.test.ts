import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { Random, randomIndex } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { engineWith } from "../engine/engine.test-kit.ts";
import { openLayout } from "../layout/open-layout.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { type FakeRegistry, imageOf, short, startFake } from "./copy.test-kit.ts";

/** Takes what was asked about manifests of a repository. */
const asked = (registry: FakeRegistry): readonly string[] => registry.journal.splice(0).filter((line) => line.includes("manifests"));

test("a manifest whose tag is new here comes with one request; of a tag that is there the source is asked first", async () => {
  const registry = await startFake();
  registry.put("a", imageOf(1), "v1");
  const layout = await openLayout(await temporaryFolder("layout"), { create: true });
  for (const store of [createMemoryStore(), layout]) {
    const source = registry.repository("a");
    const first = await copy(source, "v1", store, "latest");
    expect(asked(registry)).toEqual(["GET a/manifests/v1"]);
    expect(first.tags).toEqual([{ tag: "latest", ...pick(first.descriptor), outcome: "tagged" }]);
    expect((await copy(source, "v1", store, "latest")).tags).toMatchObject([{ outcome: "unchanged" }]);
    expect(asked(registry)).toEqual(["HEAD a/manifests/v1"]);
    await copy(source, first.descriptor.digest, store); // no tag to be set
    expect(asked(registry)).toEqual([`HEAD a/manifests/${short(imageOf(1).manifest)}`]);
  }
  await copy(registry.repository("a"), "v1", registry.repository("b"), "v1");
  expect(asked(registry)).toContain("HEAD a/manifests/v1");
});

test("the engine asks no more than it must, for an image of an index, too", async () => {
  const registry = await startFake();
  registry.put("a", imageOf(1), "v1");
  const [engine, path] = [engineWith(), await temporaryFolder("copy")];
  await engine.copy(`${registry.host}/a:v1`, `oci:${join(path, "layout")}:v1`);
  expect(asked(registry)).toEqual(["GET a/manifests/v1"]);
  const platform = { os: "linux", architecture: "arm64" };
  const index = randomIndex(new Random(1), [platform, { os: "linux", architecture: "amd64" }]);
  registry.put("b", index, "v1");
  await engine.copy(`${registry.host}/b:v1`, `oci:${join(path, "arm64")}:v1`, { platform });
  const chosen = index.children[0]?.manifest ?? expect.unreachable();
  expect(asked(registry)).toEqual(["HEAD b/manifests/v1", `GET b/manifests/${short(index.manifest)}`, `GET b/manifests/${short(chosen)}`]);
});

test("[engine/T15] a header that names another digest than the body has is found out, and nothing is stored", async () => {
  const [told, sent] = [imageOf(2).manifest, imageOf(1).manifest];
  const from = await startFake({
    answer({ method = "", url = "" }, response) {
      if (!url.endsWith("/manifests/v1")) return false;
      const headers = { "docker-content-digest": told.digest, "content-length": String(sent.bytes.byteLength) };
      response.writeHead(200, { "content-type": MEDIA_TYPES.ociManifest, ...headers });
      response.end(method === "HEAD" ? undefined : sent.bytes);
      return true;
    },
  });
  from.put("a", imageOf(1), "v1");
  from.manifests.set(`a ${told.digest}`, { bytes: sent.bytes, mediaType: MEDIA_TYPES.ociManifest });
  const [store, to] = [createMemoryStore(), await startFake()];
  for (const destination of [store, to.repository("b")]) {
    await expect(copy(from.repository("a"), "v1", destination)).rejects.toMatchObject({
      code: "ERR_COPY",
      origin: "source",
      cause: { code: "ERR_DIGEST_MISMATCH" },
    });
  }
  expect([store.bytes, to.manifests.size, to.blobs.size]).toEqual([0, 0, 0]);
});

test("a manifest that is larger than it may be is refused however it comes", async () => {
  const registry = await startFake();
  registry.put("a", imageOf(1), "v1");
  const { size } = imageOf(1).manifest.descriptor;
  const [store, to] = [createMemoryStore(), await startFake()];
  for (const destination of [store, to.repository("b")]) {
    const copied = copy(registry.repository("a"), "v1", destination, "v1", { maxMetadataBytes: size - 1 });
    await expect(copied).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: size - 1 });
  }
  expect(store.bytes).toBe(0);
});

function pick({ digest, size }: { readonly digest: string; readonly size: number }): object {
  return { digest, size };
}
