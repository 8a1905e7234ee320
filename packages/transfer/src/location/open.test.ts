import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { bytesSource } from "@berth/oci";
import { Random, randomImage } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { copy } from "../copy/copy.ts";
import { fill, startFake } from "../copy/copy.test-kit.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { parseLocation } from "./location.ts";
import { openDestination, openSource, openStore } from "./open.ts";

const image = randomImage(new Random(1), { family: "docker" });

/** Copies the image into a place. */
async function write(text: string, options: Parameters<typeof openDestination>[1] = {}): Promise<string> {
  const store = createMemoryStore();
  await fill(store, image);
  const { target, reference, finish } = await openDestination(parseLocation(text), options);
  await copy(store, image.manifest.digest, target, reference === "" ? [] : [reference]);
  await finish();
  return reference;
}

test.each(["-", "oci-archive:-:v1", "docker-archive:-:localhost/a:v1"])(
  "[engine/T33] %j is written to stdout and read from stdin",
  async (text) => {
    const stdout = new PassThrough();
    const written = buffer(stdout);
    await write(text, { stdout });
    expect(stdout.writableEnded).toBe(false); // it is not ours to end
    stdout.end();
    const source = await openSource(parseLocation(text), { stdin: bytesSource(await written) });
    expect(await source.target.resolve(source.reference)).toMatchObject({ size: expect.any(Number) });
    await source.close();
  },
);

test("[engine/T33] folders and files are made, and opened again; without a tag the only image is meant", async () => {
  const path = await temporaryFolder("open");
  for (const text of [`oci:${path}/layout`, `oci-archive:${path}/oci.tar`, `docker-archive:${path}/docker.tar`]) {
    expect(await write(text, { defaultTag: "v9", defaultName: "localhost/a:v9" })).toContain("v9");
    const { target, reference, close } = await openSource(parseLocation(text));
    expect(reference).toBe("");
    expect((await target.resolve(reference)).mediaType).toBe(image.manifest.mediaType);
    await close();
    await close();
  }
});

test("limits reach the archives that are opened, to be read and to be written", async () => {
  const path = await temporaryFolder("open");
  const limits = { maxRatio: 1, ratioFloor: 0 };
  await write(`oci-archive:${path}/a.tar`);
  await writeFile(`${path}/a.tar.gz`, gzipSync(await readFile(`${path}/a.tar`)));
  for (const kind of ["oci-archive", "docker-archive"]) {
    const opening = openStore(parseLocation(`${kind}:${path}/a.tar.gz`), { limits });
    await expect(opening).rejects.toThrow("archive with a higher compression ratio");
  }
  await expect(write(`docker-archive:${path}/b.tar:localhost/b`, { limits })).rejects.toThrow("layer with a higher compression ratio");
  await expect(write(`docker-archive:${path}/c.tar:localhost/c`, { limits: { ...limits, maxRatio: 1000 } })).resolves.toBeDefined();
});

test("what is given up leaves nothing, and what is missing is not made by reading", async () => {
  const path = await temporaryFolder("open");
  const given = await openDestination(parseLocation(`oci-archive:${path}/a.tar`));
  await given.abort();
  await expect(openStore(parseLocation(`oci:${path}/none`))).rejects.toMatchObject({ code: "ERR_LAYOUT_NOT_FOUND" });
  expect(await readdir(path)).toEqual([]);
});

test("registries are reached by the way that is given, else by nobody's", async () => {
  const registry = await startFake();
  registry.put("a", image, "v1");
  const asked: string[] = [];
  const connect = (reference: { readonly domain: string; readonly path: string }): ReturnType<typeof registry.repository> => {
    asked.push(`${reference.domain}/${reference.path}`);
    return registry.repository("a");
  };
  const named = await openSource(parseLocation("debian"), { connect });
  expect([named.reference, ...asked]).toEqual(["latest", "docker.io/library/debian"]);
  const plain = await openSource(parseLocation(`${registry.host}/a:v1`));
  expect(await plain.target.resolve(plain.reference)).toMatchObject({ digest: image.manifest.digest });
  const written = await openDestination(parseLocation(`${registry.host}/b`), { defaultTag: "v3" });
  expect(written.reference).toBe("v3");
});

test("files of an archive get the time that is asked for", async () => {
  const path = await temporaryFolder("open");
  await write(`oci-archive:${path}/a.tar:v1`, { epoch: 1_700_000_000 });
  const header = (await readFile(join(path, "a.tar"))).subarray(0, 512);
  expect(Number.parseInt(header.toString("latin1", 136, 147), 8)).toBe(1_700_000_000);
});
