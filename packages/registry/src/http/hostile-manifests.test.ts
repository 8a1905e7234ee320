import { MEDIA_TYPES } from "@berth/oci";
import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { absentDigest, imageManifest } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";
import { Unharmed } from "../testing/unharmed.test-kit.ts";

async function hostileTarget(): Promise<{ readonly server: RegistryServer; readonly unharmed: Unharmed }> {
  const disk = await useDisk();
  const server = await useRegistry({ ...(await disk.open()), exportManifests: false });
  await server.pushImage("a", imageManifest(), "tag");
  return { server, unharmed: await Unharmed.watch(server, disk) };
}

test("[server/A3,O13] manifests that are too large are 413 before they are read", async () => {
  const { server, unharmed } = await hostileTarget();
  const body = Buffer.alloc(5 << 20, 0x20);
  const reply = await server.call("PUT", "/v2/a/manifests/x", { body, headers: { "content-type": MEDIA_TYPES.ociManifest } });
  unharmed.expectRefused(reply, [413], "5 MiB with its length");
  const chunked = await server.call("PUT", "/v2/a/manifests/x", {
    chunks: [body.subarray(0, 3 << 20), body.subarray(3 << 20)],
    headers: { "content-type": MEDIA_TYPES.ociManifest },
  });
  unharmed.expectRefused(chunked, [413], "5 MiB in chunks");
  const connection = await server.raw();
  connection.write(
    `PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Type: ${MEDIA_TYPES.ociManifest}\r\nContent-Length: 999999999999\r\n\r\n`,
  );
  await connection.until(/SIZE_INVALID/);
  expect([connection.status, /connection: close/i.test(connection.received)]).toEqual([413, true]);
  connection.destroy();
  await unharmed.check();
});

test("[server/A3] JSON that is nested deeply, repeats its members, or is meant to confuse is 400", async () => {
  const { server, unharmed } = await hostileTarget();
  const config = `{"mediaType":"application/vnd.oci.empty.v1+json","digest":"${absentDigest()}","size":2}`;
  const descriptor = (fields: string): string => `{"schemaVersion":2,"config":{${fields}},"layers":[]}`;
  const bodies: readonly [string, string][] = [
    ["nested arrays", `{"schemaVersion":2,"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
    ["nested objects", `{"x":`.repeat(50_000) + "1" + "}".repeat(50_000)],
    ["never closed", "[".repeat(2_000_000)],
    ["a string that never closes", `{"x":"${"\\".repeat(1_000_001)}`],
    ["image and index at once", `{"schemaVersion":2,"config":${config},"layers":[],"manifests":[]}`],
    ["a list that is no list", `{"schemaVersion":2,"config":${config},"layers":{"length":1}}`],
    ["prototype tricks", `{"schemaVersion":2,"__proto__":{"config":${config}},"layers":[]}`],
    ["a digest with a path", descriptor(`"mediaType":"x/y","digest":"sha256:../../../../etc/passwd","size":1`)],
    ["a negative size", descriptor(`"mediaType":"x/y","digest":"${absentDigest()}","size":-1`)],
    ["a huge size", descriptor(`"mediaType":"x/y","digest":"${absentDigest()}","size":1e300`)],
    ["a broken size", descriptor(`"mediaType":"x/y","digest":"${absentDigest()}","size":1.5`)],
    ["a size in words", descriptor(`"mediaType":"x/y","digest":"${absentDigest()}","size":"2"`)],
    ["too many layers", `{"schemaVersion":2,"config":${config},"layers":[${Array.from({ length: 10_001 }, () => config).join(",")}]}`],
    ["annotations of another kind", `{"schemaVersion":2,"config":${config},"layers":[],"annotations":{"x":{"y":1}}}`],
    ["a subject without digest", `{"schemaVersion":2,"config":${config},"layers":[],"subject":{"size":1}}`],
    ["a broken surrogate in UTF-8", `{"schemaVersion":2,"x":"\ud800"}`],
  ];
  for (const [what, body] of bodies) {
    const reply = await server.call("PUT", "/v2/a/manifests/x", { body, headers: { "content-type": MEDIA_TYPES.ociManifest } });
    unharmed.expectRefused(reply, [400], what);
    expect(["MANIFEST_INVALID", "MANIFEST_BLOB_UNKNOWN"], what).toContain(reply.code);
  }
  await unharmed.check();
});

test("[server/A1,M3] wrong media types are 400", async () => {
  const { server, unharmed } = await hostileTarget();
  const { bytes } = imageManifest();
  const types = [
    MEDIA_TYPES.ociIndex,
    MEDIA_TYPES.dockerManifest,
    MEDIA_TYPES.dockerSchema1,
    "application/json",
    "text/html",
    "*/*",
    "x",
    "/",
    ";",
    "a/b/c",
    `application/${"x".repeat(5000)}`,
    "application/vnd.oci.image.manifest.v1+json, text/html",
  ];
  for (const type of types) {
    const reply = await server.call("PUT", "/v2/a/manifests/x", { body: bytes, headers: { "content-type": type } });
    unharmed.expectRefused(reply, [400], type.slice(0, 50));
    expect(reply.code, type.slice(0, 50)).toBe("MANIFEST_INVALID");
  }
  await unharmed.check();
});

test("[server/A4] a manifest with thousands of missing layers gets an answer that names them, and costs no more than that", async () => {
  const { server, unharmed } = await hostileTarget();
  const layers = Array.from({ length: 5000 }, (_, n) => ({ mediaType: MEDIA_TYPES.ociLayer, digest: absentDigest(n), size: 1 }));
  const image = imageManifest({ layers });
  const reply = await server.call("PUT", "/v2/a/manifests/x", { body: image.bytes, headers: { "content-type": image.mediaType } });
  expect([reply.status, reply.errors.length]).toEqual([400, 5000]);
  await unharmed.check();
});

test("[server/O12] a flood of tag parameters is refused", async () => {
  const { server, unharmed } = await hostileTarget();
  const { bytes, digest, mediaType } = imageManifest();
  const query = Array.from({ length: 1000 }, (_, n) => `tag=t${n}`).join("&");
  const reply = await server.call("PUT", `/v2/a/manifests/${digest}?${query}`, { body: bytes, headers: { "content-type": mediaType } });
  unharmed.expectRefused(reply, [414], "1000 tags");
  await unharmed.check();
});
