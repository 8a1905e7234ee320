import { describeWithParts } from "@berth/testkit/describe-with-parts";
import { readLayout } from "@berth/testkit/parts";
import { expect, test } from "vitest";
import { SETTING_PARTS, useSetting } from "./support/setting.ts";

const FROM = "--src-tls-verify=false";
const TO = "--dest-tls-verify=false";

describeWithParts("skopeo", [...SETTING_PARTS, "skopeo"], () => {
  const setting = useSetting();

  test.each(["tiny", "debian"] as const)("push and pull of the %s image keep its digests", async (name) => {
    const { run, host, probe, scratch, wire, [name]: image } = setting();
    wire.clear();
    await run("skopeo", ["copy", TO, `oci:${image.path}:${image.tag}`, `docker://${host}/${name}:1`]);
    expect((await probe.manifest(name, "1")).digest).toBe(image.manifest.digest);
    for (const blob of image.blobs) expect(await probe.blobDigest(name, blob.digest)).toBe(blob.digest);
    expect(wire.find("GET", /^\/v2\/$/)).not.toEqual([]);
    const [patch] = wire.find("PATCH", /\/blobs\/uploads\//);
    expect(patch?.status).toBe(202);
    expect(patch?.headers["content-range"]).toBeUndefined();

    const pulled = scratch.join(`pulled-${name}`);
    await run("skopeo", ["copy", FROM, `docker://${host}/${name}:1`, `oci:${pulled}:1`]);
    const back = await readLayout(pulled, "1");
    expect(back.manifest.digest).toBe(image.manifest.digest);
    expect(back.blobs).toEqual(image.blobs);
  });

  test("list-tags and inspect show what is stored", async () => {
    const { run, host, probe, tiny } = setting();
    for (const tag of ["a", "b", "c"]) await probe.seed(tiny, "listed", tag);
    const tags: { readonly Tags: readonly string[] } = JSON.parse(
      (await run("skopeo", ["list-tags", "--tls-verify=false", `docker://${host}/listed`])).stdout,
    );
    expect(tags.Tags).toEqual(["a", "b", "c"]);
    const shown: { readonly Digest: string; readonly RepoTags: readonly string[] } = JSON.parse(
      (await run("skopeo", ["inspect", "--tls-verify=false", `docker://${host}/listed:b`])).stdout,
    );
    expect(shown.Digest).toBe(tiny.manifest.digest);
    expect(shown.RepoTags).toEqual(["a", "b", "c"]);
    const raw = await run("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${host}/listed@${tiny.manifest.digest}`]);
    expect(raw.stdout).toBe(new TextDecoder().decode(tiny.manifest.bytes));
  });

  test("copy between repositories mounts the blobs instead of sending them", async () => {
    const { run, host, probe, wire, debian } = setting();
    // By skopeo itself: it mounts from repositories that its own cache remembers.
    await run("skopeo", ["copy", TO, `oci:${debian.path}:${debian.tag}`, `docker://${host}/mount/source:1`]);
    wire.clear();
    await run("skopeo", ["copy", FROM, TO, `docker://${host}/mount/source:1`, `docker://${host}/mount/target:1`]);
    const mounts = wire.find("POST", /\/mount\/target\/blobs\/uploads\//).filter((one) => one.query.has("mount"));
    // skopeo names whichever repository it remembers to have the blob
    expect(mounts.length).toBeGreaterThan(0);
    expect(mounts.map((one) => one.status)).toEqual(mounts.map(() => 201));
    // the config it has in hand goes by upload; the layer must not
    const sent = wire.find("PATCH", /\/mount\/target\//).map((one) => Number(one.headers["content-length"]));
    expect(Math.max(0, ...sent)).toBeLessThan(debian.blobs[1]?.size ?? 0);
    expect((await probe.manifest("mount/target", "1")).digest).toBe(debian.manifest.digest);
  });

  test("delete removes the manifest and all tags of it", async () => {
    const { run, host, probe, tiny, wire } = setting();
    for (const tag of ["one", "two"]) await probe.seed(tiny, "deleted", tag);
    wire.clear();
    await run("skopeo", ["delete", "--tls-verify=false", `docker://${host}/deleted:one`]);
    expect(wire.find("DELETE", /\/manifests\/sha256:/).map((one) => one.status)).toEqual([202]);
    expect((await probe.manifest("deleted", "two")).status).toBe(404);
    expect(await probe.tags("deleted")).toEqual([]);
  });

  test("sync copies every tag of a repository", async () => {
    const { run, host, probe, tiny } = setting();
    for (const tag of ["v1", "v2"]) await probe.seed(tiny, "synced", tag);
    await run("skopeo", ["sync", FROM, TO, "--src", "docker", "--dest", "docker", `${host}/synced`, `${host}/mirror`]);
    expect(await probe.tags("mirror/synced")).toEqual(["v1", "v2"]);
    expect((await probe.manifest("mirror/synced", "v2")).digest).toBe(tiny.manifest.digest);
  });
});
