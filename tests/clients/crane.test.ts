import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { layoutBlobPath, readLayout } from "@berth/testkit/parts";
import { expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

describeWithParts("crane", [...SETTING_PARTS, "crane"], () => {
  const setting = useSetting();

  test.each(["tiny", "debian"] as const)("push and pull of the %s image keep its digests", async (name) => {
    const { run, host, probe, scratch, wire, [name]: image } = setting();
    wire.clear();
    await run("crane", ["push", image.path, `${host}/${name}:1`]);
    expect((await run("crane", ["digest", `${host}/${name}:1`])).stdout.trim()).toBe(image.manifest.digest);
    expect((await probe.manifest(name, "1")).digest).toBe(image.manifest.digest);
    expect(wire.find("PATCH", /\/blobs\/uploads\//).map((one) => one.status)).toContain(202);
    expect(wire.find("PUT", /\/blobs\/uploads\//).map((one) => one.status)).toContain(201);

    const pulled = scratch.join(`pulled-${name}`);
    await run("crane", ["pull", "--format=oci", `${host}/${name}:1`, pulled]);
    const back = await readLayout(pulled, "1");
    expect(back.manifest.digest).toBe(image.manifest.digest);
    expect(back.blobs).toEqual(image.blobs);
    await run("crane", ["validate", "--remote", `${host}/${name}:1`]);
  });

  test("digest asks by HEAD with the long Accept list, schema1 included", async () => {
    const { run, host, probe, tiny, wire } = setting();
    await probe.seed(tiny, "headed", "1");
    wire.clear();
    await run("crane", ["digest", `${host}/headed:1`]);
    const [head] = wire.find("HEAD", /\/headed\/manifests\/1$/);
    expect(head?.status).toBe(200);
    expect(head?.headers.accept).toContain("application/vnd.docker.distribution.manifest.v1");
    expect(head?.answer["docker-content-digest"]).toBe(tiny.manifest.digest);
    expect(head?.answer["content-length"]).toBe(String(tiny.manifest.size));
    expect(head?.answer["content-type"]).toBe(tiny.manifest.mediaType);
  });

  test("manifest, config, blob and export read back what was pushed", async () => {
    const { run, host, probe, tiny } = setting();
    await probe.seed(tiny, "read", "1");
    const [config, , hello] = tiny.blobs;
    expect((await run("crane", ["manifest", `${host}/read:1`])).stdout.trim()).toBe(new TextDecoder().decode(tiny.manifest.bytes));
    expect((await run("crane", ["config", `${host}/read:1`])).stdout).toContain('"architecture":"amd64"');
    expect(await probe.blobDigest("read", config?.digest ?? "")).toBe(config?.digest);
    await run("crane", ["blob", `${host}/read@${hello?.digest}`]);
  });

  test("copy mounts blobs with a query that carries an unknown parameter", async () => {
    const { run, host, probe, tiny, wire } = setting();
    await probe.seed(tiny, "copy/from", "1");
    wire.clear();
    await run("crane", ["copy", `${host}/copy/from:1`, `${host}/copy/to:1`]);
    const mounts = wire.find("POST", /\/copy\/to\/blobs\/uploads\//);
    expect(mounts.map((one) => [one.query.get("from"), one.status])).toEqual(tiny.blobs.map(() => ["copy/from", 201]));
    expect(mounts.every((one) => one.query.has("mount"))).toBe(true);
    expect((await probe.manifest("copy/to", "1")).digest).toBe(tiny.manifest.digest);
  });

  test("a mount with origin= in its query is a mount like any other", async () => {
    const { probe, tiny } = setting();
    await probe.seed(tiny, "origin/from", "1");
    const digest = tiny.blobs[0]?.digest ?? "";
    const answer = await probe.fetch(`/v2/origin/to/blobs/uploads/?mount=${digest}&from=origin/from&origin=elsewhere.example`, {
      method: "POST",
    });
    expect(answer.status).toBe(201);
    expect(await probe.blobStatus("origin/to", digest)).toBe(200);
  });

  test("ls and catalog list everything in pages of 1000", async () => {
    const { run, host, probe, tiny, wire } = setting();
    for (const tag of ["b", "a"]) await probe.seed(tiny, "list/crane", tag);
    wire.clear();
    expect((await run("crane", ["ls", `${host}/list/crane`])).stdout.trim().split("\n").sort()).toEqual(["a", "b"]);
    expect((await run("crane", ["catalog", host])).stdout.trim().split("\n")).toContain("list/crane");
    expect(wire.find("GET", /\/tags\/list$|_catalog$/).map((one) => one.query.get("n"))).toEqual(["1000", "1000"]);
  });

  test("delete by tag takes the tag away and leaves the manifest", async () => {
    const { run, host, probe, tiny } = setting();
    for (const tag of ["gone", "stays"]) await probe.seed(tiny, "untag", tag);
    await run("crane", ["delete", `${host}/untag:gone`]);
    expect(await probe.tags("untag")).toEqual(["stays"]);
    expect((await probe.manifest("untag", "stays")).digest).toBe(tiny.manifest.digest);
    await run("crane", ["delete", `${host}/untag@${tiny.manifest.digest}`]);
    expect((await probe.manifest("untag", "stays")).status).toBe(404);
  });

  test("tag adds a tag without sending blobs", async () => {
    const { run, host, probe, tiny, wire } = setting();
    await probe.seed(tiny, "tagged", "1");
    wire.clear();
    await run("crane", ["tag", `${host}/tagged:1`, "2"]);
    expect((await probe.manifest("tagged", "2")).digest).toBe(tiny.manifest.digest);
    expect(wire.find("POST", /uploads/)).toEqual([]);
  });

  test("append and index append build images on the registry", async () => {
    const { run, host, probe, tiny } = setting();
    await probe.seed(tiny, "built", "base");
    const layer = layoutBlobPath(tiny.path, tiny.blobs[2]?.digest ?? "");
    await run("crane", ["append", "-b", `${host}/built:base`, "-f", layer, "-t", `${host}/built:more`]);
    await run("crane", ["index", "append", "-m", `${host}/built:base`, "-m", `${host}/built:more`, "-t", `${host}/built:index`]);
    const index = await probe.manifest("built", "index");
    expect(index.mediaType).toMatch(/index|list/);
    expect(index.text).toContain(tiny.manifest.digest);
  });
});
