import { existsSync } from "node:fs";
import { join } from "node:path";
import { bytesSource } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { beforeAll, expect, test } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

let app: string;
let archive: string;

const at = useRegistry({
  before: (request, response, next) => {
    if (request.url?.startsWith("/v2/taken/") === true) response.writeHead(403).end();
    else next();
  },
});

beforeAll(async () => {
  app = `${at.server.host}/team/app`;
  archive = join(at.folder, "images.tar");
  const repository = at.embedded.repository("team/app");
  const one = await pushImage(repository, { tags: ["v1"], content: "one" });
  const { layer } = await pushImage(repository, { content: "another layer" });
  const { mediaType } = one.manifest;
  const lying = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: one.config, layers: [layer] }));
  await repository.push(descriptorOf(mediaType, lying), bytesSource(lying));
  await repository.tag(descriptorOf(mediaType, lying), "lying");
  await pushImage(at.embedded.repository("taken/app"), { tags: ["v1"], content: "two" });
});

test("save goes on with the images that are there, and says which are not; with none of them there is no archive", async () => {
  const save = ["save", "--keep-going", "--format-archive", "oci", "-o", archive];
  const none = await berth([...save, `${app}:gone`, `${app}:lost`]);
  expect(none).toMatchObject({ code: 9, stdout: "", stderr: expect.stringContaining("berth: 2 of 2 failed\n") });
  expect(existsSync(archive)).toBe(false);
  const { code, stdout, stderr } = await berth([...save, `${app}:gone`, `${app}:v1`]);
  expect(code).toBe(9);
  expect(stdout).toContain(`${app}:v1@sha256:`);
  expect(stderr).toContain(`berth: warning: ${app}:gone: `);
  expect((await berth(["ls", `oci-archive:${archive}`])).stdout).toBe(`${app}:v1\n`);
  expect(await berth(["save", "-o", join(at.folder, "x"), `${app}:gone`, `${app}:v1`])).toMatchObject({ code: 4 });
});

test("load goes on with the images that are taken", async () => {
  const layout = `oci:${at.folder}/layout`;
  for (const name of ["taken/app:v1", "other/app:v1"]) await berth(["cp", `${app}:v1`, `${layout}:${at.server.host}/${name}`]);
  const load = ["load", "--registry", at.server.host, join(at.folder, "layout")];
  expect(await berth(load)).toMatchObject({ code: 3 });
  const { code, stderr } = await berth([...load, "--keep-going"]);
  expect(code).toBe(9);
  expect(stderr).toContain("berth: 1 of 2 failed\n");
  expect(await berth(["digest", `${at.server.host}/other/app:v1`])).toMatchObject({ code: 0 });
  const { failures } = JSON.parse((await berth([...load, "--keep-going", "--format", "json"])).stdout);
  expect(failures).toEqual([expect.objectContaining({ source: expect.stringContaining("taken/app:v1"), class: "Denied" })]);
});

test.each([["untag"], ["rm", "-f"], ["manifest", "rm", "-f"]])("what can be taken away is: %j", async (...words) => {
  for (const tag of ["a", "b"]) await berth(["cp", `${app}:v1`, `${at.server.host}/away/app:${tag}`]);
  const away = `${at.server.host}/away/app`;
  const { code, stderr } = await berth([...words, "--keep-going", `${away}:gone`, `${away}:a`]);
  expect(code).toBe(9);
  expect(stderr).toContain("berth: 1 of 2 failed\n");
  expect(await berth(["digest", `${away}:a`])).toMatchObject({ code: 4 });
  expect(await berth([...words, `${away}:gone`, `${away}:b`])).toMatchObject({ code: 4 });
});

test("[engine/T20] a copy that verifies layers writes nothing when the config names others", async () => {
  const args = ["cp", "--verify-layers", `${app}:lying`, `oci-archive:${at.folder}/bad.tar:v1`];
  expect(await berth(args)).toMatchObject({ code: 6, stdout: "" });
  expect(existsSync(join(at.folder, "bad.tar"))).toBe(false);
  expect(await berth(["cp", "--verify-layers", "--all-tags", app, `oci:${at.folder}/all`])).toMatchObject({ code: 6, stdout: "" });
  expect(await berth(["cp", "--verify-layers", `${app}:v1`, `oci:${at.folder}/good`])).toMatchObject({ code: 0 });
  expect(await berth(args.filter((one) => one !== "--verify-layers"))).toMatchObject({ code: 0 });
});
