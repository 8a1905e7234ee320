import { expect, test } from "vitest";
import { engineError, engineWith } from "../engine/engine.test-kit.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyTags } from "./copy-tags.ts";
import { imageOf, startFake, storeOf } from "./copy.test-kit.ts";

test.each(["overwrite", "keep", "refuse"] as const)("a tag that names something else at the destination: %s", async (existingTags) => {
  const source = await storeOf(imageOf(1), "v1");
  const to = await storeOf(imageOf(2), "v1");
  const before = to.bytes;
  const copying = copy(source, "v1", to, ["v1"], { existingTags });
  if (existingTags === "refuse") {
    await expect(copying).rejects.toMatchObject({ code: "ERR_TAG_EXISTS", tag: "v1", digest: imageOf(2).manifest.digest });
  } else {
    const { tags } = await copying;
    const digest = (existingTags === "keep" ? imageOf(2) : imageOf(1)).manifest.digest;
    expect(tags).toMatchObject([{ tag: "v1", digest, outcome: existingTags === "keep" ? "kept" : "tagged" }]);
    expect((await to.resolve("v1")).digest).toBe(digest);
  }
  if (existingTags !== "overwrite") expect(to.bytes).toBe(before);
  await copy(source, "v1", to, "v2", { existingTags }); // a tag that is new is nobody's
  expect((await to.resolve("v2")).digest).toBe(imageOf(1).manifest.digest);
});

test("a digest is copied without a tag; as the new reference it is a promise", async () => {
  const image = imageOf(1);
  const source = await storeOf(image);
  const to = createMemoryStore();
  const { digest } = image.manifest;
  expect((await copy(source, digest, to)).tags).toEqual([]);
  expect(await Array.fromAsync(to.tags())).toEqual([]);
  await copy(source, digest, to, digest);
  await expect(copy(source, digest, to, imageOf(2).manifest.digest)).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
  await copy(source, digest, to, "v1");
  expect((await to.resolve("v1")).digest).toBe(digest);
});

test("of many tags, one that is refused is known before any is moved, at no more requests", async () => {
  const [fresh, old] = [imageOf(1), imageOf(1, { seed: 2 })];
  const source = await storeOf(fresh);
  const names = Array.from({ length: 13 }, (_, at) => `v${10 + at}`);
  for (const name of names) await source.tag(fresh.manifest.descriptor, name);
  const registry = await startFake();
  registry.put("b", old, "v22");
  const to = registry.repository("b");
  const refused = { code: "ERR_TAG_EXISTS", tag: "v22" };
  await expect(copyTags(source, undefined, to, { existingTags: "refuse" })).rejects.toMatchObject(refused);
  const pushing = engineWith().push(`${registry.host}/b`, { from: source, allTags: true, existingTags: "refuse" });
  expect(await engineError(pushing)).toMatchObject({ class: "Conflict" });
  const ended = copyTags(source, undefined, to, { existingTags: "refuse", onTagFailed: () => false });
  await expect(ended).rejects.toMatchObject(refused);
  expect([...registry.tags.keys()]).toEqual(["b v22"]);
  expect(registry.journal.filter((line) => !line.startsWith("HEAD b/manifests/"))).toEqual([]);

  registry.journal.length = 0;
  const failed: string[] = [];
  const { tags } = await copyTags(source, undefined, to, { existingTags: "refuse", onTagFailed: (tag) => failed.push(tag) > 0 });
  expect([failed, tags.map(({ tag }) => tag)]).toEqual([["v22"], names.slice(0, -1)]);
  expect(registry.count("HEAD b/manifests/v")).toBe(names.length); // each once
});
