import { expect, test } from "vitest";
import { useDisk } from "../testing/disk.test-kit.ts";
import { imageManifest, indexManifest } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, useRegistry } from "../testing/harness.test-kit.ts";
import { Reply } from "../testing/reply.test-kit.ts";
import { Unharmed } from "../testing/unharmed.test-kit.ts";

async function hostileTarget(): Promise<{ readonly server: RegistryServer; readonly unharmed: Unharmed }> {
  const disk = await useDisk();
  const server = await useRegistry({ ...(await disk.open()), exportManifests: false });
  await server.pushImage("good/name", imageManifest(), "tag");
  return { server, unharmed: await Unharmed.watch(server, disk) };
}

/** Sends a request line as it is: HTTP clients would refuse or clean up most of these paths. */
async function rawRequest(server: RegistryServer, method: string, path: string | Uint8Array): Promise<Reply> {
  const connection = await server.raw();
  connection.write(
    Buffer.concat([
      Buffer.from(`${method} `),
      Buffer.from(path),
      Buffer.from(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
    ]),
  );
  const text = await connection.closed();
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  return new Reply(connection.status, { "content-type": /content-type: (.*)\r\n/i.exec(text)?.[1] ?? "" }, Buffer.from(body, "latin1"));
}

const TRICKS = [
  "..",
  ".",
  "../..",
  "a/../b",
  "a/./b",
  "a/%2e%2e/b",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "..%2f..%2fetc",
  "a%2fb",
  "a%5cb",
  "a\\b",
  "a%00b",
  "%00",
  "a%0d%0ab",
  "a%20b",
  "A",
  "%41",
  "a:b",
  "a@b",
  "a;b",
  "~",
  "a//b",
  "/a",
  "a/",
  "_uploads",
  "a/_uploads",
  "a/_manifests",
  "-",
  "a--",
  "a..b",
  "a___b",
  "a-_b",
  "a.-b",
  "%",
  "%zz",
  "%c3%28",
  "%ff%fe",
  "%e2%80%ae",
  "%f0%9f%92%a9",
  "%C4%B1",
  "%E2%84%AA",
  "caf%C3%A9",
  "%ef%bc%8e%ef%bc%8e",
  "a".repeat(256),
  "a".repeat(5000),
  "a/".repeat(200) + "b",
  "docker/registry/v2/../../..",
  "*",
  "a*",
  "a?b",
];

test("[server/L5,L12] names full of tricks are refused on every kind of path, and nothing is touched", async () => {
  const { server, unharmed } = await hostileTarget();
  for (const name of TRICKS) {
    for (const [method, rest] of [
      ["GET", "tags/list"],
      ["GET", "manifests/tag"],
      ["PUT", "manifests/tag"],
      ["POST", "blobs/uploads/"],
      ["DELETE", "manifests/tag"],
    ] as const) {
      const reply = await rawRequest(server, method, `/v2/${name}/${rest}`);
      unharmed.expectRefused(reply, [400, 404, 405], `${method} ${name.slice(0, 60)} ${rest}`);
    }
  }
  await unharmed.check();
});

test("[server/L5,U8] references and session ids full of tricks are refused too", async () => {
  const { server, unharmed } = await hostileTarget();
  for (const word of TRICKS) {
    for (const [method, path] of [
      ["GET", "manifests/"],
      ["PUT", "manifests/"],
      ["DELETE", "manifests/"],
      ["GET", "blobs/"],
      ["DELETE", "blobs/"],
      ["GET", "referrers/"],
      ["GET", "blobs/uploads/"],
      ["PATCH", "blobs/uploads/"],
      ["DELETE", "blobs/uploads/"],
    ] as const) {
      const reply = await rawRequest(server, method, `/v2/good/name/${path}${word}`);
      unharmed.expectRefused(reply, [400, 404, 405], `${method} ${path}${word.slice(0, 60)}`);
    }
  }
  await unharmed.check();
});

test("[server/L4] bytes that no URL may hold are 400 or 404", async () => {
  const { server, unharmed } = await hostileTarget();
  const paths = [
    Buffer.from("/v2/\u00e4/tags/list"),
    Buffer.from([0x2f, 0x76, 0x32, 0x2f, 0xff, 0xfe, 0x2f]),
    Buffer.from("http://evil.example.com/v2/good/name/tags/list"),
    Buffer.from("//evil.example.com/v2/"),
    Buffer.from("/v2/good/name/tags/list#fragment"),
  ];
  for (const path of paths) {
    const reply = await rawRequest(server, "GET", path);
    expect([400, 404], path.toString()).toContain(reply.status);
  }
  await unharmed.check();
});

test("[server/R1] a NUL in the request line never reaches us", async () => {
  const { server, unharmed } = await hostileTarget();
  expect((await rawRequest(server, "GET", Buffer.from("/v2/a\u0000b/tags/list"))).status).toBe(400);
  await unharmed.check();
});

test("[server/A2,B4,O4] malformed and unsupported digests are refused in every place that takes one", async () => {
  const { server, unharmed } = await hostileTarget();
  const session = await server.startUpload("good/name");
  const hex = "0".repeat(64);
  const digests = [
    "",
    ":",
    "sha256",
    "sha256:",
    `sha256:${hex}0`,
    `sha256:${hex.slice(1)}`,
    `sha256:${"g".repeat(64)}`,
    `sha256:../../${"0".repeat(58)}`,
    `md5:${"0".repeat(32)}`,
    `sha1:${"0".repeat(40)}`,
    `sha256:sha256:${hex}`,
    `sha512:${hex}`,
    `${"x".repeat(10_000)}:${hex}`,
    `sha256:${"0".repeat(10_000)}`,
    `__proto__:${hex}`,
    `sha256+b64u:${hex}`,
    `sha256:%30`,
  ];
  for (const digest of digests) {
    const encoded = encodeURIComponent(digest);
    for (const [method, path] of [
      ["GET", `/v2/good/name/blobs/${encoded}`],
      ["DELETE", `/v2/good/name/blobs/${encoded}`],
      ["GET", `/v2/good/name/referrers/${encoded}`],
      ["PUT", `${session}?digest=${encoded}`],
      ["POST", `/v2/good/name/blobs/uploads/?digest-algorithm=${encoded}`],
    ] as const) {
      if (digest === "sha256" && method === "POST") continue; // that is an algorithm
      unharmed.expectRefused(await server.call(method, path), [400, 404, 405], `${method} ${digest.slice(0, 40)}`);
    }
    if (!digest.includes(":")) continue;
    const { bytes, mediaType } = indexManifest([]);
    const reply = await server.call("PUT", `/v2/good/name/manifests/${encoded}`, { body: bytes, headers: { "content-type": mediaType } });
    unharmed.expectRefused(reply, [400], digest.slice(0, 40));
    expect(reply.code).toBe("DIGEST_INVALID");
  }
  await server.call("DELETE", session);
  await unharmed.check();
});

test("[server/Z1,Z2,Z3] hostile page sizes and positions", async () => {
  const { server, unharmed } = await hostileTarget();
  for (const list of ["/v2/_catalog", "/v2/good/name/tags/list"]) {
    for (const n of [
      "-1",
      "-99999999999999999999",
      "99999999999999999999",
      "1e9",
      "NaN",
      "Infinity",
      "0x7fffffff",
      "1;drop",
      "%00",
      "%F0%9F%92%A9",
      "9".repeat(4000),
    ]) {
      const reply = await server.call("GET", `${list}?n=${n}`);
      unharmed.expectRefused(reply, [400], `${list} ${n.slice(0, 30)}`);
      expect(reply.code).toBe("PAGINATION_NUMBER_INVALID");
    }
    for (const last of ["%00", "%27%20OR%201%3D1", "..", "%F0%9F%92%A9", "%ff", "z".repeat(5000)]) {
      expect((await server.call("GET", `${list}?n=1&last=${last}`)).status, last.slice(0, 20)).toBe(200);
    }
    expect((await server.call("GET", `${list}?n=1&n=-1`)).status).toBe(200);
  }
  expect((await server.call("GET", "/v2/good/name/tags/list?n=999999999999999")).status).toBe(200);
  await unharmed.check();
});
