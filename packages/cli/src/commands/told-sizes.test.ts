import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pushImage, pushIndex, serveHandler, type TestServer } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const registry = useRegistry();
/** The same registry, but that it has the length of no manifest right in answers to HEAD. */
let lying: TestServer;

beforeAll(async () => {
  const wrong: RequestListener = (request, response) => {
    if (request.method === "HEAD" && request.url?.includes("/manifests/") === true) {
      const writeHead = response.writeHead.bind(response);
      Object.assign(response, {
        writeHead: (status: number, headers: object) => writeHead(status, { ...headers, "content-length": "99999999" }),
      });
    }
    registry.embedded.handler(request, response);
  };
  lying = await serveHandler(wrong);
});

afterAll(async () => await lying.close());

test("[client/B-16] every verb that reads takes images from a registry that tells wrong lengths of manifests", async () => {
  const { manifest } = await pushImage(registry.repository, { tags: ["one"] });
  await pushIndex(registry.repository, "many", [["linux/amd64", manifest]]);
  const app = registry.app.replace(registry.server.host, lying.host);
  const { path } = registry;
  const head = await fetch(`http://${app.replace("/", "/v2/")}/manifests/many`, {
    method: "HEAD",
    headers: { accept: MEDIA_TYPES.ociIndex },
  });
  expect(head.headers.get("content-length")).toBe("99999999");
  for (const args of [
    ["cp", `${app}:many`, `oci:${join(path, "cp")}:many`],
    ["cp", `${app}:many`, `${app}:again`],
    ["cp", "--platform", "linux/amd64", `${app}:many`, `${app}:some`],
    ["pull", "--platform", "linux/amd64", "-o", join(path, "pull"), `${app}:many`],
    ["save", "-o", `${path}.tar`, "--platform", "linux/amd64", `${app}:many`],
    ["fsck", "--digests", `${app}:many`],
    ["inspect", `${app}:many`],
    ["tag", `${app}:many`, "tagged"],
    ["index", "create", `${app}:made`, `${app}:one`],
    ["index", "add", `${app}:made`, `${app}:one`],
    ["mutate", "--annotation", "a=b", "--tag", "annotated", `${app}:one`],
  ]) {
    const { code, stderr } = await berth(args);
    expect([args.join(" "), code, stderr]).toEqual([args.join(" "), 0, expect.anything()]);
  }
  const { manifests } = JSON.parse(readFileSync(join(path, "cp", "index.json"), "utf8"));
  expect(manifests[0].size).toBeLessThan(10_000);
  const made = JSON.parse((await berth(["manifest", "get", `${app}:made`])).stdout);
  expect(made.manifests).toMatchObject([{ digest: manifest.digest, size: manifest.size }]);
});
