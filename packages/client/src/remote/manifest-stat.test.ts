import { expect, test } from "vitest";
import { failure, sample, scripted } from "./testing/scripted.test-kit.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const manifest = sample('{"schemaVersion":2}', TYPE);
const AT = "/v2/a/b/manifests/";
const answer = { headers: { "content-type": TYPE, "docker-content-digest": manifest.descriptor.digest }, body: manifest.bytes };

test.each([400, 403, 405, 501])(
  "[client/C-28] a manifest is read where HEAD is refused with %i, and the registry's words are those to GET",
  async (status) => {
    const { server, repository } = await scripted();
    server.on("HEAD", `${AT}x`, { status }).on("GET", `${AT}x`, answer);
    expect(await repository.manifests.stat("x")).toMatchObject({ descriptor: manifest.descriptor, source: "computed" });
    server
      .on("HEAD", `${AT}y`, { status })
      .on("GET", `${AT}y`, { status: 403, body: '{"errors":[{"code":"DENIED","message":"not yours"}]}' });
    expect(await failure(repository.resolve("y"))).toMatchObject({ status: 403, message: expect.stringContaining("not yours") });
  },
);

test.each([404, 429])("[client/C-28] a HEAD that is answered with %i is believed", async (status) => {
  const { server, repository } = await scripted({ retry: false });
  server.on("HEAD", `${AT}x`, { status });
  expect(await failure(repository.resolve("x"))).toMatchObject(status === 404 ? { code: "ERR_NOT_FOUND" } : { status });
  expect(server.journal("GET")).toEqual([]);
});
