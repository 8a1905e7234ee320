import { expect, test } from "vitest";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyTags } from "./copy-tags.ts";
import { imageOf, startFake } from "./copy.test-kit.ts";

test("[engine/T25] atomic: all manifests are there before the first tag moves", async () => {
  const [from, to] = [await startFake(), await startFake()];
  for (const tag of ["v1", "v2", "v3"]) from.put("a", imageOf(2, { of: tag }), tag);
  const { tags } = await copyTags(from.repository("a"), ["v3", "v1", "v2"], to.repository("b"), { atomic: true });
  expect(tags.map(({ tag, outcome }) => `${tag} ${outcome}`)).toEqual(["v3 tagged", "v1 tagged", "v2 tagged"]);
  const puts = to.journal.filter((line) => line.startsWith("PUT b/manifests/"));
  expect(puts.slice(0, 3).every((line) => /[0-9a-f]{4}$/.test(line))).toBe(true);
  expect(puts.slice(3)).toEqual(["v3", "v1", "v2"].map((tag) => `PUT b/manifests/${tag}`));
});

test("beforeTags sees all content before a tag names it, and may keep tags from moving", async () => {
  const from = await startFake();
  const source = from.repository("a");
  for (const tag of ["v1", "v2"]) from.put("a", imageOf(2, { of: tag }), tag);
  const into = createMemoryStore();
  await copy(source, "v2", into, "v1");
  const old = await into.resolve("v1");
  const beforeTags = async (root: { readonly digest: string }): Promise<void> => {
    expect((await into.resolve("v1")).digest).toBe(old.digest);
    expect((await into.resolve(root.digest)).digest).toBe(root.digest);
    throw new Error("not good enough");
  };
  await expect(copy(source, "v1", into, undefined, { beforeTags })).rejects.toThrow("not good enough");
  await expect(copyTags(source, ["v1"], into, { beforeTags })).rejects.toThrow("not good enough");
  expect(await into.resolve("v1")).toEqual(old);
  const { tags } = await copy(source, "v1", into, undefined, { beforeTags: async () => undefined });
  expect([tags[0]?.outcome, (await into.resolve("v1")).digest === old.digest]).toEqual(["tagged", false]);
});
