import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@berth/oci/node";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layerFromFiles } from "./layer-from-files.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.remove();
});

test("layerFromFiles() makes the same layer of the same files, in whatever order they were written", async () => {
  const name = fc.stringMatching(/^[a-zé._-]{1,12}$/).filter((one) => one !== "." && one !== "..");
  const files = fc.uniqueArray(fc.record({ name, content: fc.uint8Array({ maxLength: 2000 }) }), {
    minLength: 1,
    maxLength: 6,
    selector: (file) => file.name,
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(files, fc.integer(), async (list, seed) => {
      const shuffled = list.toSorted((a, b) => digestOf(`${seed}${a.name}`).localeCompare(digestOf(`${seed}${b.name}`)));
      const digests: string[] = [];
      for (const order of [list, shuffled]) {
        const root = scratch.join(`run${run++}`);
        await mkdir(root);
        for (const file of order) {
          await writeFile(join(root, file.name), file.content);
          await chmod(join(root, file.name), 0o640);
        }
        await using layer = await layerFromFiles([{ path: root, name: "" }]);
        digests.push(layer.descriptor.digest);
      }
      expect(digests[0]).toBe(digests[1]);
    }),
    { numRuns: 15 },
  );
});
