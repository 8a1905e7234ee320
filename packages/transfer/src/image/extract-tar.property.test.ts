import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BerthError } from "@berth/oci";
import fc from "fast-check";
import { expect, test } from "vitest";
import { extractEntries } from "./extract-tar.ts";
import { readTar } from "./tar-reader.ts";
import { type EntrySpec, tarOf } from "./testing/archives.ts";

const part = fc.constantFrom("a", "b", "..", ".", "out", "in", "victim", "");
const path = fc
  .tuple(fc.constantFrom("", "/", "./", "../"), fc.array(part, { minLength: 1, maxLength: 4 }))
  .map(([start, parts]) => start + parts.join("/"));
/** Links lead everywhere; names of entries are such that the reader lets most of them through. */
const inside = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const target = fc.oneof(path, inside, fc.constantFrom("..", "../out", "../../out", "../victim", "/", "a", "b", "."));
const entry: fc.Arbitrary<EntrySpec> = fc.oneof(
  fc.record({ path: fc.oneof({ weight: 9, arbitrary: inside }, path), text: fc.constant("!") }),
  fc.record({ path: inside, type: fc.constant("folder" as const), mode: fc.constantFrom(0o755, 0o500, 0o777) }),
  fc.record({ path: inside, linkTarget: target, type: fc.constant("symlink" as const) }),
  fc.record({ path: inside, linkTarget: target, type: fc.constant("hardlink" as const) }),
  fc.record({ path: inside, type: fc.constantFrom("fifo" as const, "character-device" as const) }),
);

/** Everything there is but what stands below `in`. */
async function around(folder: string): Promise<unknown> {
  const names = [...(await readdir(folder)), ...(await readdir(join(folder, "out")))]; // not deeper: links lead anywhere
  const { mode, mtimeMs, nlink, uid } = await stat(join(folder, "victim"));
  const secret = await stat(join(folder, "out", "secret"));
  return {
    names,
    text: await readFile(join(folder, "victim"), "utf8"),
    mode,
    mtimeMs,
    nlink,
    uid,
    secret: secret.nlink,
    out: secret.mtimeMs,
  };
}

test("extractEntries() changes nothing outside of its folder, whatever the archive says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 12 }), fc.boolean(), async (specs, merges) => {
      const folder = await mkdtemp(join(tmpdir(), "berth-hostile-"));
      try {
        await mkdir(join(folder, "out"));
        await writeFile(join(folder, "out", "secret"), "secret");
        await writeFile(join(folder, "victim"), "as it was", { mode: 0o640 });
        await mkdir(join(folder, "in"));
        if (merges) await writeFile(join(folder, "in", "kept"), "kept");
        const before = await around(folder);
        const unpacking = extractEntries(readTar(once(tarOf(...specs))), join(folder, "in"), { existing: "merge", setIdBits: true });
        const failure: unknown = await unpacking.then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure === undefined || BerthError.is(failure)).toBe(true);
        expect(await around(folder)).toEqual(before);
        const left = await readdir(join(folder, "in"));
        if (merges) expect(left).toContain("kept");
        else if (failure !== undefined) expect(left).toEqual([]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
