import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest } from "@berth/testkit/images";
import { createScratch, packTar, type Scratch } from "@berth/testkit/parts";
import { openLayout } from "@berth/transfer";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Cli, cliIn } from "./support/cli.ts";
import { type OwnRegistry, startOwnRegistry } from "./support/own-registry.ts";

const FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";

describe("layers that are kept outside of registries", () => {
  let scratch: Scratch;
  let berth: Cli;
  let registry: OwnRegistry;
  const tar = packTar([{ path: "file", content: Buffer.from("content") }]);
  const layer = blobFixture(FOREIGN, gzipSync(tar));

  beforeAll(async () => {
    scratch = await createScratch();
    berth = cliIn(scratch);
    registry = await startOwnRegistry();
  });
  afterAll(async () => {
    await registry?.close();
    await scratch?.remove();
  });

  /** Writes an image into a layout; its layer is only at an address. */
  async function imageWith(name: string, url: string): Promise<string> {
    const value = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [digestOf(tar)] } };
    const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify(value)));
    const manifest = imageManifest({ config: config.descriptor, layers: [{ ...layer.descriptor, urls: [url] }] });
    const layout = await openLayout(scratch.join(name), { create: true });
    for (const { descriptor, bytes } of [config, manifest]) await layout.push(descriptor, bytesSource(bytes));
    await layout.tag(manifest.descriptor, "1");
    return `oci:${layout.folder}:1`;
  }

  test("[engine/T27,T28] an image is copied without them, and our server takes it; to have them too is an error when nobody does", async () => {
    const source = await imageWith("absent", "https://127.0.0.1:1/layer");
    const to = `${registry.host}/absent:1`;
    const told: { readonly stats: object } = JSON.parse((await berth(["cp", "--format", "json", source, to])).stdout);
    expect(told.stats).toMatchObject({ copied: 2, skipped: 1 });
    expect((await berth(["manifest", "get", to])).stdout).toBe((await berth(["manifest", "get", source])).stdout);
    expect((await berth(["blob", "head", `${registry.host}/absent@${layer.descriptor.digest}`], { mayFail: true })).exitCode).toBe(4);
    const wanted = await berth(["cp", "--include-external", "--retries", "0", to, `${registry.host}/wanted:1`], { mayFail: true });
    expect([wanted.exitCode, wanted.stdout], wanted.stderr).toEqual([4, ""]);
    expect(wanted.stderr).toContain(layer.descriptor.digest);
  });

  test("[engine/T27] on demand they are fetched from where they are, checked, and kept in the registry", async () => {
    let served = layer.bytes;
    const asked: string[] = [];
    const outside = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(200, { "content-length": served.byteLength }).end(served);
    });
    outside.listen(0, "127.0.0.1");
    await once(outside, "listening");
    onTestFinished(() => void outside.close());
    const { port } = outside.address() as AddressInfo;
    const source = `${registry.host}/outside:1`;
    await berth(["cp", await imageWith("outside", `http://127.0.0.1:${port}/layer`), source]);
    expect(asked).toEqual([]);

    served = Buffer.from(layer.bytes.map((byte, at) => (at === 30 ? byte ^ 1 : byte)));
    const lied = await berth(["cp", "--include-external", source, `${registry.host}/lied:1`], { mayFail: true });
    expect([lied.exitCode, lied.stdout], lied.stderr).toEqual([6, ""]);

    served = layer.bytes;
    await berth(["cp", "--include-external", source, `${registry.host}/inside:1`]);
    expect(new Set(asked)).toEqual(new Set(["GET /layer"]));
    expect((await berth(["blob", "head", `${registry.host}/inside@${layer.descriptor.digest}`])).exitCode).toBe(0);
    expect((await berth(["cat", `${registry.host}/inside:1`, "/file"])).stdout).toBe("content");
  });
});
