import { expect, test } from "vitest";
import { indexManifest } from "../testing/fixtures.test-kit.ts";
import { expectStatus, useRegistry } from "../testing/harness.test-kit.ts";
import { Router } from "./router.ts";
import { ROUTES } from "./routes.ts";

const router = new Router(ROUTES);

function find(method: string, path: string): string {
  const match = router.match(method, path);
  return match === undefined ? "none" : `${match.route?.name ?? "405"} ${match.name} ${match.parameter}`.trim();
}

test("[server/O33] the last words of a path count, so names may look like routes", () => {
  expect(find("GET", "/v2/a/blobs/uploads/tags/list")).toBe("tags.list a/blobs/uploads");
  expect(find("GET", "/v2/x/manifests/y/manifests/z")).toBe("manifest.fetch x/manifests/y z");
  expect(find("GET", "/v2/tags/list/tags/list")).toBe("tags.list tags/list");
  expect(find("POST", "/v2/a/blobs/uploads/blobs/uploads/")).toBe("upload.start a/blobs/uploads");
  expect(find("POST", "/v2/a/blobs/uploads/blobs/uploads")).toBe("upload.start.bare a/blobs/uploads");
  expect(find("PATCH", "/v2/blobs/uploads/blobs/uploads/id")).toBe("upload.append blobs/uploads id");
  expect(find("GET", "/v2/a/referrers/b/referrers/c")).toBe("referrers.list a/referrers/b c");
  expect(find("GET", "/v2/a/blobs/uploads/id")).toBe("upload.status a id");
  expect(find("GET", "/v2/a/blobs/uploads")).toBe("405 a");
  expect(find("GET", "/v2/_catalog/tags/list")).toBe("tags.list _catalog");
});

test("[server/L4] paths that are no routes are none", () => {
  for (const path of [
    "",
    "/v2/manifests/x",
    "/v2/tags/list",
    "/v2/blobs/x",
    "/v2/a/manifests/",
    "/v2/a/tags/list/",
    "/v2/a/tags/LIST",
    "/V2/",
    "/v2/a/blobs/uploads/x/y",
    "v2/a/tags/list",
  ]) {
    expect(find("GET", path), path).toBe("none");
  }
});

test("a table with the same route twice is refused", () => {
  const [first] = ROUTES;
  expect(() => new Router(first === undefined ? [] : [first, first])).toThrow(TypeError);
});

test("[server/O33] repositories named like routes work end to end", async () => {
  const server = await useRegistry();
  const index = indexManifest([]);
  const names = [
    "a/blobs/uploads",
    "x/manifests/y",
    "tags/list",
    "a/tags/list",
    "r/referrers/s",
    "blobs/uploads/blobs",
    "v2/v2",
    "manifests",
    "a/blobs",
  ];
  for (const name of names) {
    const digest = await server.pushBlob(name, name);
    await server.pushManifest(name, "latest", index);
    expect((await server.call("GET", `/v2/${name}/blobs/${digest}`)).text).toBe(name);
    expect((await server.call("GET", `/v2/${name}/manifests/latest`)).body.equals(index.bytes)).toBe(true);
    expect((await server.call("GET", `/v2/${name}/tags/list`)).json).toEqual({ name, tags: ["latest"] });
    expect((await server.call("GET", `/v2/${name}/referrers/${index.digest}`)).status).toBe(200);
    const session = await server.startUpload(name);
    expectStatus(await server.call("PATCH", session, { body: "more" }), 202);
    expectStatus(await server.call("DELETE", session), 204);
  }
  expect((await server.call("GET", "/v2/_catalog")).json).toEqual({ repositories: [...names].sort() });
});
