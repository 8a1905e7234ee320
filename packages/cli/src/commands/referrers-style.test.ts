import { bytesSource, type Descriptor, MEDIA_TYPES, type Target } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { beforeEach, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
const SIG = "application/vnd.dev.cosign.artifact.sig.v1+json";

const at = useRegistry({ per: "test" });
let amd64: PushedImage;
let arm64: PushedImage;

beforeEach(async () => {
  const repository = at.embedded.repository("app");
  amd64 = await pushImage(repository, { tags: ["v1", "old"] });
  arm64 = await pushImage(repository, { architecture: "arm64", content: "two" });
  await pushIndex(repository, "multi", [
    ["linux/amd64", amd64.manifest],
    ["linux/arm64", arm64.manifest],
  ]);
  for (const { manifest } of [amd64, arm64]) await sign(repository, manifest);
});

const tagOf = ({ digest }: Descriptor): string => `${digest.replace(":", "-")}.sig`;

/** What cosign leaves under the tag of a digest. */
async function sign(target: Target, { digest }: Descriptor): Promise<void> {
  const put = async (mediaType: string, text: string): Promise<Descriptor> => {
    const descriptor = descriptorOf(mediaType, Buffer.from(text));
    await target.push(mediaType === MEDIA_TYPES.ociManifest ? descriptor : asBlob(descriptor), bytesSource(Buffer.from(text)));
    return descriptor;
  };
  const layer = await put("application/vnd.dev.cosign.simplesigning.v1+json", digest);
  const config = await put(MEDIA_TYPES.ociConfig, "{}");
  const layers = [{ ...layer, annotations: { "dev.cosignproject.cosign/signature": "MEUC" } }];
  const text = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers });
  const manifest = await put(MEDIA_TYPES.ociManifest, text);
  await target.tag(manifest, tagOf({ ...manifest, digest }));
}

function asBlob(descriptor: Descriptor): Descriptor {
  return { ...descriptor, mediaType: MEDIA_TYPES.octetStream };
}

const typesOf = async (place: string): Promise<string> =>
  (await berth(["referrers", "--format", "jsonpath=.referrers[*].artifactType", place])).stdout;

test("signatures of the images of an index become referrers, and tags again, through a layout and between registries", async () => {
  const app = `${at.server.host}/app`;
  const layout = `oci:${at.folder}/layout`;
  const { code, stdout } = await berth(["cp", "--referrers-style", "api", "--format", "json", `${app}:multi`, `${layout}:multi`]);
  // two images, an index, and two signatures: 5 manifests, and their blobs, of which some are the same
  expect({ code, stats: JSON.parse(stdout).stats }).toMatchObject({ code: 0, stats: { copied: expect.any(Number) } });
  for (const { manifest } of [amd64, arm64]) expect(await typesOf(`${layout}@${manifest.digest}`)).toBe(`${SIG}\n`);
  expect((await berth(["ls", "--all", layout])).stdout).toBe("multi\n");
  const back = `${at.server.host}/back`;
  expect(await berth(["cp", "--referrers-style", "tags", `${layout}:multi`, back])).toMatchObject({ code: 0, stderr: "" });
  const tags = [tagOf(amd64.manifest), tagOf(arm64.manifest)].toSorted((a, b) => (a < b ? -1 : 1));
  expect((await berth(["ls", "--all", "--sort", "name", back])).stdout).toBe(["multi", ...tags, ""].join("\n"));
  expect(await typesOf(`${back}@${amd64.manifest.digest}`)).toBe("");
});

test("of many tags each image counts once; what is left out, or kept, gets no signature", async () => {
  const app = `${at.server.host}/app`;
  const all = `${at.server.host}/all`;
  expect(await berth(["cp", "--all-tags", "--exclude", "*.sig", "--referrers-style", "api", app, all])).toMatchObject({ code: 0 });
  expect(await typesOf(`${all}:v1`)).toBe(`${SIG}\n`);
  const one = `oci:${at.folder}/one`;
  await berth(["cp", "--platforms", "linux/arm64", "--referrers-style", "api", `${app}:multi`, `${one}:multi`]);
  expect(await typesOf(`${one}@${arm64.manifest.digest}`)).toBe(`${SIG}\n`);
  expect(await typesOf(`${one}@${amd64.manifest.digest}`)).toBe("");
  const kept = `${at.server.host}/kept`;
  await pushImage(at.embedded.repository("kept"), { tags: ["v1"], content: "another" });
  expect(await berth(["cp", "--only-missing", "--referrers-style", "tags", `${all}:v1`, `${kept}:v1`])).toMatchObject({ code: 0 });
  expect((await berth(["ls", "--all", kept])).stdout).toBe("v1\n");
  await berth(["cp", `${app}:v1`, `${kept}:v2`]);
  expect(await typesOf(`${kept}:v2`)).toBe(""); // nothing unless asked for
});
