import { MEDIA_TYPES } from "@berth/oci";
import { blobFixture, imageManifest, indexManifest, type ImageGraph, layerOf } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { fill, imageOf, startFake } from "../copy/copy.test-kit.ts";
import { openLayout } from "../layout/open-layout.ts";
import { engineError, engineWith, platformIndex } from "./engine.test-kit.ts";

const amd64 = { os: "linux", architecture: "amd64" };

/** An image whose config has the diffID of another layer, unless it is right. */
function checkable(isRight: boolean): ImageGraph {
  const layer = layerOf([{ path: "a", content: Buffer.from("1") }]);
  const other = layerOf([{ path: "b", content: Buffer.from("2") }]);
  const rootfs = { type: "layers", diff_ids: [(isRight ? layer : other).diffId] };
  const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify({ ...amd64, rootfs })));
  return { manifest: imageManifest({ config: config.descriptor, layers: [layer.descriptor] }), blobs: [config, layer], children: [] };
}

const bad = checkable(false);

test.each([
  ["an image", bad],
  ["an index", platformIndex([{ architecture: "amd64", graph: bad }])],
])("[engine/T20] what is refused is not the only image of a layout then, whoever opened it: %s", async (_, graph) => {
  const registry = await startFake();
  registry.put("a", graph, "v1");
  const sbom = indexManifest([], { subject: graph.manifest.descriptor, artifactType: "application/spdx+json" });
  registry.putManifest("a", sbom);
  registry.referrers.set(`a ${graph.manifest.digest}`, [{ ...sbom.descriptor, artifactType: "application/spdx+json" }]);
  const engine = engineWith();
  const place = `oci:${await temporaryFolder("refused")}`;
  const opened = await openLayout(await temporaryFolder("refused"), { create: true });
  const store = await openLayout(await temporaryFolder("refused"), { create: true });
  const reference = `${registry.host}/a:v1`;
  for (const options of [{}, { referrers: true }, { platform: "all" }] as const) {
    for (const run of [
      () => engine.pull(reference, { ...options, verify: true, into: `${place}:v1` }),
      () => engine.pull(reference, { ...options, verify: true, into: opened }),
      () => engineWith({ contentStore: store }).pull(reference, { ...options, verify: true }),
    ]) {
      expect(await engineError(run())).toMatchObject({ class: "RootfsMismatch" });
    }
  }
  expect(await engineError(engine.resolve(place))).toMatchObject({ class: "NotFound" });
  for (const layout of [opened, store]) await expect(layout.resolve("")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});

test("[engine/T20] what stood in a layout before a pull was refused stays", async () => {
  const registry = await startFake();
  registry.put("a", bad, "v1");
  registry.put("a", checkable(true), "v2");
  const layout = await openLayout(await temporaryFolder("refused"), { create: true });
  await fill(layout, imageOf(1)); // without a name
  const engine = engineWith();
  await engine.pull(`${registry.host}/a:v2`, { verify: true, into: layout });
  expect(await engineError(engine.pull(`${registry.host}/a:v1`, { verify: true, into: layout }))).toMatchObject({
    class: "RootfsMismatch",
  });
  const right = checkable(true).manifest.descriptor;
  expect(await Promise.all([imageOf(1).manifest.descriptor, right, bad.manifest.descriptor].map((one) => layout.exists(one)))).toEqual([
    true,
    true,
    false,
  ]);
  expect(await layout.resolve("v2")).toMatchObject({ digest: right.digest });
  await layout.withdraw([right]); // has a name
  expect(await layout.exists(right)).toBe(true);
});
