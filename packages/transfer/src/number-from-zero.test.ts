import { expect, test } from "vitest";
import { limitsOf } from "./archive/limits.ts";
import { copy } from "./copy/copy.ts";
import { copyTags } from "./copy/copy-tags.ts";
import { imageOf, indexOf, storeOf } from "./copy/copy.test-kit.ts";
import { DEFAULT_LAYER_LIMITS, LayerBudget } from "./image/layer-limits.ts";
import { createMemoryStore } from "./memory/memory-store.ts";

test("a limit that is undefined is the default", () => {
  const nothing: object = { maxPathDepth: undefined, maxRatio: undefined, maxEntries: undefined };
  expect(new LayerBudget(nothing).limits).toEqual(DEFAULT_LAYER_LIMITS);
  expect(limitsOf(nothing)).toEqual(limitsOf({}));
});

test.each([Number.NaN, -1])("a limit of %s is refused, and named", async (limit) => {
  expect(() => new LayerBudget({ maxEntries: limit })).toThrow(new RangeError(`Cannot use maxEntries ${limit}: expected a number from 0`));
  expect(() => limitsOf({ maxSpoolBytes: limit })).toThrow(RangeError);
  const [source, to] = [await storeOf(imageOf(1), "v1"), createMemoryStore()];
  for (const name of ["concurrency", "maxNodes", "maxMetadataBytes", "maxDepth"]) {
    await expect(copy(source, "v1", to, "v1", { [name]: limit })).rejects.toThrow(RangeError);
  }
  await expect(copyTags(source, ["v1"], to, { tagConcurrency: limit })).rejects.toThrow(RangeError);
  expect(to.bytes).toBe(0);
});

test.each([0, 0.5, Number.POSITIVE_INFINITY])("%s at a time copies everything", async (atATime) => {
  const index = indexOf([{ graph: imageOf(1) }, { graph: imageOf(2) }]);
  const [source, to] = [await storeOf(index, "v1"), createMemoryStore()];
  const { stats } = await copyTags(source, ["v1"], to, { concurrency: atATime, tagConcurrency: atATime });
  for (const { manifest } of index.children) expect(await to.exists(manifest.descriptor)).toBe(true);
  expect(stats.copied).toBeGreaterThan(3);
});
