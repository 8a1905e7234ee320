import { beforeEach, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
let app: string;
let amd64: PushedImage;
let index: string;
/** A path that answers 404, whatever the registry holds. */
let gone: RegExp | undefined;
/** Requests that are being answered, at most. */
let busiest: number;
/** Requests that are being answered. */
let busy = 0;

const at = useRegistry({
  per: "test",
  before: (request, response, next) => {
    busiest = Math.max(busiest, ++busy);
    response.on("close", () => busy--);
    if (gone?.test(request.url ?? "") === true) response.writeHead(404).end();
    else setImmediate(next);
  },
});

beforeEach(async () => {
  gone = undefined;
  busiest = 0;
  app = `${at.server.host}/app`;
  const repository = at.embedded.repository("app");
  amd64 = await pushImage(repository, { tags: ["1.10", "1.9"], content: "one" });
  const arm64 = await pushImage(repository, { architecture: "arm64", content: "other" });
  const images = [["linux/amd64", amd64.manifest] as const, ["linux/arm64", arm64.manifest] as const];
  index = (await pushIndex(repository, "multi", images)).digest;
});

test("tags that name a manifest are found by HEAD alone, those of indexes when they are wanted too", async () => {
  const { digest } = amd64.manifest;
  at.server.journal.length = 0;
  expect(await berth(["ls", "--plain-http", "--points-at", digest, app])).toEqual({ code: 0, stdout: "1.10\n1.9\n", stderr: "" });
  expect(at.server.journal.map((line) => line.split(" ")[0])).toEqual(["GET", "HEAD", "HEAD", "HEAD"]);
  expect((await berth(["ls", "--points-at", "1.9", "--in-index", "--sort", "version", app])).stdout).toBe("1.9\n1.10\nmulti\n");
  const found = await berth(["ls", "--points-at", digest, "--in-index", "--match", "m*", "--format", "json", app]);
  const mediaType = "application/vnd.oci.image.index.v1+json";
  expect(JSON.parse(found.stdout)).toEqual({ reference: app, tags: [{ name: "multi", digest: index, mediaType }] });
  await berth(["cp", `${app}:multi`, `oci:${at.folder}/layout:a`]);
  expect((await berth(["ls", "--points-at", digest, "--in-index", `oci:${at.folder}/layout`])).stdout).toBe("a\n");
  expect(await berth(["ls", "--in-index", app])).toMatchObject({ code: 2 });
  expect(await berth(["ls", "--points-at", digest, at.server.host])).toMatchObject({ code: 2 });
});

test("many tags are looked up some at a time, and what they have in common once", async () => {
  const repository = at.embedded.repository("app");
  for (let at = 0; at < 30; at++) await repository.tag(amd64.manifest, `n${at}`);
  at.server.journal.length = 0;
  busiest = 0;
  const { stdout } = await berth(["ls", "-j", "4", "--sort", "-created", "--match", "n*", "--limit", "2", "--format", "json", app]);
  expect(JSON.parse(stdout)).toMatchObject({ tags: [{ name: "n0", created: "2024-05-06T07:08:09Z" }, { name: "n1" }] });
  expect(at.server.journal.filter((line) => line.includes("/manifests/"))).toHaveLength(30);
  expect(at.server.journal.filter((line) => line.includes("/blobs/"))).toHaveLength(1);
  expect(busiest).toBeLessThanOrEqual(4);
});

test("a tag that goes while tags are looked up is left out, and told; content that is not there says less of its tag", async () => {
  gone = /manifests\/1\.9$/;
  const { code, stdout, stderr } = await berth(["ls", "--points-at", "1.10", app]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "1.10\n" });
  expect(stderr).toBe(`berth: warning: ${app}:1.9 is left out: it was listed, and is not there any more\n`);
  expect((await berth(["ls", "-l", app])).stdout.split("\n").map((line) => line.split(" ")[0])).toEqual(["TAG", "1.10", "multi", ""]);
  gone = /\/blobs\//;
  expect(await berth(["ls", "-l", "--match", "multi", app])).toMatchObject({ code: 0, stdout: expect.stringContaining("linux/arm64") });
});

test("* in a pattern is within one part of a name, and ** any number of parts", async () => {
  for (const name of ["deep/x", "deep/x/y/z", "deeper/x"]) await pushImage(at.embedded.repository(name), { tags: ["v1"] });
  for (const [pattern, stdout] of [
    ["deep/*", "deep/x\n"],
    ["deep/**", "deep/x\ndeep/x/y/z\n"],
    ["**/x", "deep/x\ndeeper/x\n"],
  ] as const)
    expect(await berth(["ls", "--match", pattern, at.server.host])).toEqual({ code: 0, stdout, stderr: "" });
});
