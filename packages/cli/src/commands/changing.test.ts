import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { openLayout } from "@berth/transfer";
import { beforeEach, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex, serveHandler } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs many commands
const at = useRegistry({ per: "test" });
let app: string;
let image: PushedImage;

beforeEach(async () => {
  app = `${at.server.host}/app`;
  image = await pushImage(at.embedded.repository("app"), { tags: ["v1", "v2"] });
});

async function tags(): Promise<readonly string[]> {
  return await Array.fromAsync(at.embedded.repository("app").tags());
}

test("tag gives more tags, moves no blob, and takes whole references too", async () => {
  at.server.journal.length = 0;
  const { digest } = image.manifest;
  expect(await berth(["tag", `${app}:v1`, "1", "latest", `${app}:stable`])).toEqual({
    code: 0,
    stdout: "",
    stderr: ["1", "latest", "stable"].map((tag) => `Tagged ${app}:${tag} as ${digest}\n`).join(""),
  });
  expect(await tags()).toEqual(["1", "latest", "stable", "v1", "v2"]);
  expect(at.server.journal.filter((line) => line.includes("/blobs/"))).toEqual([]);
  expect((await berth(["tag", "--dry-run", `${app}:v1`, "x"])).stdout).toBe(`would tag ${app}:x as ${digest}\n`);
  expect(await tags()).not.toContain("x");
  expect(await berth(["tag", `${app}:v1`, `${at.server.host}/other:x`])).toMatchObject({ code: 2 });
  expect(await berth(["tag", `${app}:nope`, "x"])).toMatchObject({ code: 4 });
});

test("rm of a tag takes the tag alone; it asks nobody and does nothing unless forced", async () => {
  const refused = await berth(["rm", `${app}:v1`]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toMatch(
    /^berth: will not delete tag .*:v1 unasked: add --force, or --dry-run to see what would be done\nusage: berth rm /,
  );
  expect(await berth(["rm", "--dry-run", `${app}:v1`])).toEqual({ code: 0, stdout: `would delete tag ${app}:v1\n`, stderr: "" });
  expect(await tags()).toEqual(["v1", "v2"]);
  expect(await berth(["rm", "-f", `${app}:v1`])).toEqual({ code: 0, stdout: "", stderr: `Untagged ${app}:v1\n` });
  expect(await tags()).toEqual(["v2"]);
  expect(await berth(["rm", "-f", `${app}:v1`])).toMatchObject({ code: 4 });
  expect(await berth(["rm", "--dry-run", `${app}:v1`])).toMatchObject({ code: 4, stdout: "" });
  expect(await berth(["rm", "--dry-run", "--ignore-missing", `${app}:v1`])).toMatchObject({ code: 0, stdout: "" });
  expect(await berth(["rm", "-f", "--ignore-missing", "-q", `${app}:v1`])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await berth(["rm", "-f", app])).toMatchObject({ code: 2, stderr: expect.stringContaining("name a tag or digest") });
});

test("rm asks at a terminal, and a yes is a yes", async () => {
  expect(await berth(["rm", `${app}:v1`], { typed: ["n"] })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("nothing was deleted"),
  });
  expect(await tags()).toEqual(["v1", "v2"]);
  expect(await berth(["rm", `${app}:v1`], { typed: ["y"] })).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(`Delete tag ${app}:v1? [y/N]`),
  });
  expect(await tags()).toEqual(["v2"]);
});

test("a manifest goes by its digest or --manifest, with all of its tags; one that something refers to needs --force", async () => {
  const { digest } = image.manifest;
  const repository = at.embedded.repository("app");
  const sig = await pushImage(repository, { subject: image.manifest, artifactType: "application/sig", content: "s" });
  const orphan = `${app}@${sig.manifest.digest} (application/sig)`;
  expect(await berth(["rm", "--dry-run", `${app}@${digest}`])).toEqual({
    code: 0,
    stdout: `would delete manifest ${app}@${digest} with its tags v1, v2, which 1 manifest refers to\nwould leave ${orphan} without it\n`,
    stderr: "",
  });
  for (const typed of [undefined, ["y"]]) {
    const refused = await berth(["manifest", "rm", `${app}:v1`], { ...(typed && { typed }) });
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    expect(refused.stderr).toContain(
      `berth: will not delete manifest ${app}@${digest}: 1 manifest refers to it: ${orphan}: add --cascade to delete them too, or --force\n`,
    );
  }
  expect(await tags()).toEqual(["v1", "v2"]);
  expect(await berth(["rm", "-f", "--manifest", `${app}:v1`])).toEqual({
    code: 0,
    stdout: "",
    stderr: `Deleted ${app}@${digest} with its tags v1, v2\nberth: warning: ${orphan} refers to what was deleted\n`,
  });
  expect(await tags()).toEqual([]);
  expect(await berth(["manifest", "rm", "-f", "--ignore-missing", `${app}@${digest}`])).toMatchObject({ code: 0 });
});

test("the tags that go with a manifest are named, and indexes that list it: when it is asked, when it is tried, and when it is done", async () => {
  const { digest } = image.manifest;
  const other = await pushImage(at.embedded.repository("app"), { tags: ["other"], content: "other" });
  await pushIndex(at.embedded.repository("app"), "multi", [["linux/amd64", image.manifest]]);
  const reference = `${app}@${digest}`;
  expect(await berth(["rm", "--dry-run", reference])).toEqual({
    code: 0,
    stdout: `would leave the index ${app}:multi without it\nwould delete manifest ${reference} with its tags v1, v2\n`,
    stderr: "",
  });
  const told = { removed: [{ kind: "manifest", reference, tags: ["v1", "v2"], indexes: ["multi"] }], failures: [] };
  const dry = await berth(["manifest", "rm", "--dry-run", "--format", "json", `${app}:v2`]);
  expect(JSON.parse(dry.stdout)).toEqual({ ...told, dryRun: true });
  const asked = await berth(["rm", reference], { typed: ["n"] });
  expect(asked).toMatchObject({ code: 1, stdout: "" });
  expect(asked.stderr).toContain(`The index ${app}:multi lists it\n`);
  expect(asked.stderr).toContain(`Delete manifest ${reference} with its tags v1, v2? [y/N]`);
  const done = await berth(["rm", "-f", "--format", "json", reference]);
  expect(JSON.parse(done.stdout)).toEqual(told);
  expect(done.stderr).toBe(`Deleted ${reference} with its tags v1, v2\nberth: warning: the index ${app}:multi lists what was deleted\n`);
  expect(await tags()).toEqual(["multi", "other"]);
  await berth(["untag", `${app}:other`]);
  expect(await berth(["rm", "--dry-run", `${app}@${other.manifest.digest}`])).toMatchObject({
    stdout: `would delete manifest ${app}@${other.manifest.digest} (it has no tag)\n`,
  });
  const failed = await berth(["rm", "-f", "--keep-going", "--format", "json", `${app}:multi`, `${app}:gone`]);
  expect(failed.code).toBe(9);
  expect(JSON.parse(failed.stdout)).toMatchObject({
    removed: [{ kind: "tag", reference: `${app}:multi` }],
    failures: [{ source: `${app}:gone`, class: "NotFound" }],
  });
});

test("where tags cannot be listed, a manifest goes with all of its tags, whichever they are", async () => {
  const plain = await serveHandler((request, response) => {
    if (/\/tags\/list/.test(request.url ?? "")) response.writeHead(403).end();
    else at.embedded.handler(request, response);
  });
  try {
    const { digest } = image.manifest;
    const dry = async (reference: string): Promise<string> =>
      (await berth(["rm", "--manifest", "--dry-run", `${plain.host}/app${reference}`])).stdout;
    expect(await dry(`@${digest}`)).toBe(`would delete manifest ${plain.host}/app@${digest} with all of its tags\n`);
    expect(await dry(":v1")).toBe(`would delete manifest ${plain.host}/app@${digest} with all of its tags (v1 and perhaps more)\n`);
  } finally {
    await plain.close();
  }
});

test.each(["registry", "layout"])("--cascade takes what refers to a manifest with it, that first: %s", async (kind) => {
  const repository = at.embedded.repository("app");
  const sbom = await pushImage(repository, { subject: image.manifest, artifactType: "application/sbom", content: "sbom" });
  const sig = await pushImage(repository, { subject: sbom.manifest, artifactType: "application/sig", content: "sig" });
  const old = await pushImage(repository, { tags: [`${image.manifest.digest.replace(":", "-")}.sig`], content: "old" });
  const place = kind === "registry" ? app : `oci:${at.folder}/layout`;
  if (kind === "layout") await berth(["cp", "--referrers", "--digest-tags", `${app}:v1`, `${place}:v1`]);
  const dry = await berth(["rm", "--dry-run", "--cascade", `${place}:v1`]);
  const of = (one: PushedImage): string => `${place}@${one.manifest.digest}`;
  const { digest } = image.manifest;
  expect(dry.stdout).toBe(
    [
      `would delete ${of(sig)} (application/sig), which refers to ${sbom.manifest.digest}\n`,
      `would delete ${of(sbom)} (application/sbom), which refers to ${digest}\n`,
      `would delete ${of(old)} (${digest.replace(":", "-")}.sig), which refers to ${digest}\n`,
      `would delete manifest ${of(image)} with its ${kind === "layout" ? "tag v1" : "tags v1, v2"} and 3 manifests that refer to it\n`,
    ].join(""),
  );
  const { code, stderr } = await berth(["rm", "-f", "--cascade", `${place}:v1`]);
  expect(code).toBe(0);
  const deleted = [sig, sbom, old].map((one) => `Deleted ${of(one)}\n`);
  expect(stderr).toBe(`${deleted.join("")}Deleted ${of(image)} with its ${kind === "layout" ? "tag v1" : "tags v1, v2"}\n`);
  for (const { manifest } of [sig, sbom, old, image])
    expect(await berth(["manifest", "get", `${place}@${manifest.digest}`])).toMatchObject({ code: 4 });
});

test("where no registry lists referrers, --cascade goes by the list under the tag of the digest, and takes that too", async () => {
  const plain = await serveHandler((request, response) => {
    if (/\/referrers\//.test(request.url ?? "")) response.writeHead(404).end();
    else at.embedded.handler(request, response);
  });
  try {
    const place = `${plain.host}/app`;
    const { digest } = image.manifest;
    const list = digest.replace(":", "-");
    const repository = at.embedded.repository("app");
    const sbom = await pushImage(repository, { subject: image.manifest, artifactType: "application/sbom", content: "sbom" });
    await pushIndex(repository, list, [["unknown/unknown", sbom.manifest]]);
    const sig = await pushImage(repository, { tags: [`${sbom.manifest.digest.replace(":", "-")}.sig`], content: "sig of sbom" });
    const { code, stderr } = await berth(["rm", "-f", "--cascade", `${place}@${digest}`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`Deleted ${place}@${digest} with its tags v1, v2\n`) });
    expect(await tags()).toEqual([]);
    for (const { manifest } of [image, sbom, sig]) expect(await repository.exists(manifest)).toBe(false);
  } finally {
    await plain.close();
  }
});

test("untag takes tags away, and digests are no tags", async () => {
  expect(await berth(["untag", "--dry-run", `${app}:v1`])).toMatchObject({ stdout: `would take away tag ${app}:v1\n` });
  expect(await berth(["untag", `${app}:v1`, `${app}:v2`])).toEqual({
    code: 0,
    stdout: "",
    stderr: `Untagged ${app}:v1\nUntagged ${app}:v2\n`,
  });
  expect(await tags()).toEqual([]);
  expect(await berth(["untag", "--dry-run", `${app}:v1`])).toMatchObject({ code: 4, stdout: "" });
  expect(await berth(["untag", `${app}@${image.manifest.digest}`])).toMatchObject({ code: 2 });
  expect(await berth(["untag", app])).toMatchObject({ code: 2 });
});

test("tag, untag and rm change OCI layouts too, and refuse archives", async () => {
  const layout = join(at.folder, "layout");
  await pushImage(await openLayout(layout, { create: true }), { tags: ["v1"] });
  expect(await berth(["tag", `oci:${layout}:v1`, "v2", "v3"])).toMatchObject({ code: 0 });
  expect(await berth(["untag", `oci:${layout}:v1`])).toMatchObject({ code: 0 });
  expect(await berth(["rm", "-f", `oci:${layout}:v3`])).toMatchObject({ code: 0 });
  expect((await berth(["ls", `oci:${layout}`])).stdout).toBe("v2\n");
  expect(await berth(["rm", "-f", "--manifest", `oci:${layout}:v2`])).toMatchObject({ code: 0 });
  expect((await berth(["ls", `oci:${layout}`])).stdout).toBe("");
});

test("manifest put stores the exact bytes under tags or their digest, and refuses another digest", async () => {
  const bytes = image.bytes.manifest.toString().replace(/^\{/, "{ ");
  const digest = digestOf(bytes);
  const file = join(at.folder, "manifest.json");
  writeFileSync(file, bytes);
  expect(await berth(["manifest", "put", "--tag", "b", `${app}:a`, file])).toEqual({ code: 0, stdout: `${app}@${digest}\n`, stderr: "" });
  expect(await tags()).toEqual(["a", "b", "v1", "v2"]);
  expect((await berth(["manifest", "get", `${app}:a`])).stdout).toBe(bytes);
  expect(JSON.parse((await berth(["manifest", "put", "--format", "json", app], { stdin: bytes })).stdout)).toEqual({
    reference: `${app}@${digest}`,
    mediaType: MEDIA_TYPES.ociManifest,
    digest,
    size: bytes.length,
  });
  expect(await berth(["manifest", "put", `${app}@sha256:${"0".repeat(64)}`, file])).toMatchObject({ code: 6, stdout: "" });
  expect(await berth(["manifest", "put", `${app}:x`], { stdin: '{"a":1}' })).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("--media-type"),
  });
  expect(await berth(["manifest", "put", `${app}:x`, join(at.folder, "gone")])).toMatchObject({ code: 4 });
});

test.each([403, 405])("blob put stores a file where the registry refuses to say whether it is there (%i)", async (status) => {
  const file = join(at.folder, "unseen");
  writeFileSync(file, `unseen ${status}`);
  const shy = await serveHandler((request, response) => {
    if (request.method === "HEAD") response.writeHead(status).end();
    else at.embedded.handler(request, response);
  });
  try {
    const digest = digestOf(`unseen ${status}`);
    expect(await berth(["blob", "put", `${shy.host}/shy`, file])).toMatchObject({ code: 0, stdout: `${shy.host}/shy@${digest}\n` });
    expect(shy.journal.map((line) => line.split(" ")[0])).toEqual(expect.arrayContaining(["HEAD", "POST", "PUT"]));
  } finally {
    await shy.close();
  }
});

test("blob put stores a file or standard input, sends nothing twice, and nothing that is not what it should be", async () => {
  const file = join(at.folder, "blob");
  writeFileSync(file, "hello");
  const digest = digestOf("hello");
  expect(await berth(["blob", "put", app, file])).toEqual({ code: 0, stdout: `${app}@${digest}\n`, stderr: "" });
  at.server.journal.length = 0;
  expect(await berth(["blob", "put", app, file])).toMatchObject({ code: 0 });
  expect(at.server.journal.filter((line) => /^(?:POST|PUT|PATCH)/.test(line))).toEqual([]);
  const other = digestOf("other");
  expect((await berth(["blob", "put", "--format", "{{.digest}} {{.size}}", app], { stdin: "other" })).stdout).toBe(`${other} 5\n`);
  for (const args of [["-"], [file]]) {
    const refused = await berth(["blob", "put", "--digest", `sha256:${"0".repeat(64)}`, app, ...args], { stdin: "wrong" });
    expect(refused).toMatchObject({ code: 6, stdout: "" });
  }
  const sha512 = digestOf("big", "sha512");
  expect((await berth(["blob", "put", "--digest", sha512, app], { stdin: "big" })).stdout).toBe(`${app}@${sha512}\n`);
  expect(await berth(["blob", "rm", "-f", `${app}@${digest}`])).toMatchObject({ code: 0, stderr: `Deleted ${app}@${digest}\n` });
  expect(await berth(["blob", "head", `${app}@${digest}`])).toMatchObject({ code: 4 });
  expect(await berth(["blob", "rm", "-f", "--ignore-missing", `${app}@${digest}`])).toMatchObject({ code: 0 });
});
