import { expect, test } from "vitest";
import { pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const at = useRegistry();

test("an image that was chosen from an index is not looked up again", async () => {
  const { embedded, folder, server } = at;
  const app = embedded.repository("app");
  const images = await Promise.all(["amd64", "arm64"].map(async (architecture) => await pushImage(app, { architecture })));
  await pushIndex(
    app,
    "multi",
    images.map(({ manifest }, at) => [`linux/${at === 0 ? "amd64" : "arm64"}`, manifest] as const),
  );
  const asked = async (...args: readonly string[]): Promise<readonly string[]> => {
    server.journal.length = 0;
    expect(await berth(args)).toMatchObject({ code: 0, stderr: "" });
    return server.journal.map((line) => line.replace(/sha256:([0-9a-f]{4})[0-9a-f]+/g, "$1"));
  };
  const copy = ["cp", "--platform", "linux/arm64", `${server.host}/app:multi`, `oci:${folder}:v1`];
  const arm64 = images[1]?.manifest.digest.slice(7, 11);
  expect((await asked(...copy)).filter((line) => line.endsWith(`/manifests/${arm64}`))).toEqual([`GET /v2/app/manifests/${arm64}`]);
  expect((await asked(...copy)).map((line) => line.split(" ")[0])).toEqual(["HEAD", "GET"]); // what the tag names, and what is in that
});
