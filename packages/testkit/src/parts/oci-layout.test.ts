import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layoutBlobPath, readLayout, testBlob, writeLayout } from "./oci-layout.ts";
import { createScratch, type Scratch } from "./scratch.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.remove();
});

test("testBlob() names bytes by their sha256", () => {
  expect(testBlob("text/plain", Buffer.from("abc"))).toMatchObject({
    digest: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    size: 3,
  });
});

test("readLayout() reads the image that writeLayout() wrote", async () => {
  const config = testBlob("application/vnd.oci.image.config.v1+json", Buffer.from("{}"));
  const layer = testBlob("application/vnd.oci.image.layer.v1.tar", Buffer.from("layer"));
  const described = [config, layer].map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  const text = JSON.stringify({ schemaVersion: 2, config: described[0], layers: described.slice(1) });
  const manifest = testBlob("application/vnd.oci.image.manifest.v1+json", Buffer.from(text));
  const written = await writeLayout(scratch.join("layout"), "v1", manifest, [config, layer]);
  const read = await readLayout(scratch.join("layout"), "v1");
  expect(read.manifest.digest).toBe(manifest.digest);
  expect(read.blobs).toEqual(written.blobs);
  expect(await readFile(layoutBlobPath(read.path, layer.digest), "utf8")).toBe("layer");
});
