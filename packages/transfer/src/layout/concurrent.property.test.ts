import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { blobFixture, imageManifest } from "@berth/testkit/images";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { WholeTarget } from "../testing/target-contract.test-kit.ts";
import type { OciLayout } from "./oci-layout.ts";
import { openLayout } from "./open-layout.ts";
import { temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from("{}"));
const image = imageManifest({ config: config.descriptor });
const IMAGES = [
  image,
  imageManifest({ config: config.descriptor, annotations: { a: "b" } }),
  imageManifest({ config: config.descriptor, subject: image.descriptor, artifactType: "a/b" }),
];
const TAGS = ["a", "b", "c", "d"];

/** What one call does; those of one step are made at the same time, so no two of them are about the same name. */
type Call = { readonly tag: string; readonly image: number | "untag" };
type Step =
  | { readonly push: readonly number[] }
  | { readonly names: readonly Call[] }
  | { readonly delete: number }
  | { readonly gc: true };

const number = fc.nat(IMAGES.length - 1);
const call = fc.record({ tag: fc.constantFrom(...TAGS), image: fc.oneof(number, fc.constant("untag" as const)) });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ push: fc.array(number, { minLength: 1, maxLength: 4 }) }),
  fc.record({ names: fc.uniqueArray(call, { selector: ({ tag }) => tag, minLength: 1, maxLength: 4 }) }),
  fc.record({ names: fc.uniqueArray(call, { selector: ({ tag }) => tag, minLength: 1, maxLength: 4 }) }),
  fc.record({ delete: number }),
  fc.record({ gc: fc.constant(true as const) }),
);

async function attempt(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "done",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
  );
}

/** Makes a step; the calls go to the objects in turn. */
async function make(targets: readonly WholeTarget[], given: Step): Promise<readonly string[]> {
  const at = (turn: number): WholeTarget => targets[turn % targets.length] ?? expect.unreachable();
  const imageAt = (index: number): typeof image => IMAGES[index] ?? expect.unreachable();
  if ("push" in given) {
    const push = async (index: number, turn: number): Promise<string> => {
      const { descriptor, bytes } = imageAt(index);
      return await attempt(at(turn).push(descriptor, bytesSource(bytes)));
    };
    return await Promise.all(given.push.map(push));
  }
  if ("names" in given) {
    const name = async ({ tag, image: index }: Call, turn: number): Promise<string> =>
      await attempt(index === "untag" ? at(turn).untag(tag) : at(turn).tag(imageAt(index).descriptor, tag));
    return await Promise.all(given.names.map(name));
  }
  if ("delete" in given) return [await attempt(at(given.delete).delete(imageAt(given.delete).descriptor))];
  for (const target of targets) if (isLayout(target)) await target.gc({ graceMs: 0, ingestGraceMs: 0 });
  return [];
}

function isLayout(target: WholeTarget): target is OciLayout {
  return "gc" in target;
}

/** All that can be seen. */
async function stateOf(target: WholeTarget): Promise<unknown> {
  const tags = await Array.fromAsync(target.tags());
  const digests = (found: readonly { readonly digest: string }[]): readonly string[] => found.map(({ digest }) => digest).sort();
  return {
    tags: await Promise.all(tags.map(async (tag) => [tag, (await target.resolve(tag)).digest])),
    exists: await Promise.all(IMAGES.map(async ({ descriptor }) => await target.exists(descriptor))),
    above: digests(await target.predecessors(config.descriptor)),
    referrers: digests(await Array.fromAsync(target.referrers(image.descriptor))),
  };
}

test("[engine/T2] a layout that several use at the same time is what a store in memory is, whatever is done", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const layout = await temporaryLayout();
      const [other, reader] = [await openLayout(layout.folder), await openLayout(layout.folder, { readOnly: true })];
      const model = createMemoryStore();
      for (const target of [model, layout]) await target.push(config.descriptor, bytesSource(config.bytes));
      for (const one of steps) {
        expect(await make([layout, other], one)).toEqual(await make([model], one));
        const state = await stateOf(model);
        for (const seen of [layout, other, reader, await openLayout(layout.folder)]) expect(await stateOf(seen)).toEqual(state);
      }
    }),
    { numRuns: 20 },
  );
});
