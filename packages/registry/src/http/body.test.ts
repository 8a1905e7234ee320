import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { useRegistry } from "../testing/harness.test-kit.ts";

test("[server/M2] a manifest that comes in pieces, apart from its head, is kept as it was sent", async () => {
  const server = await useRegistry();
  const annotations = { a: "x".repeat(200_000) };
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [], annotations }));
  const put = request({
    port: server.port,
    path: "/v2/a/manifests/v1",
    method: "PUT",
    headers: { "content-type": MEDIA_TYPES.ociIndex, "content-length": manifest.byteLength },
  });
  put.flushHeaders();
  for (let start = 0; start < manifest.byteLength; start += 70_000) {
    await new Promise((left) => put.write(manifest.subarray(start, start + 70_000), left));
  }
  put.end();
  const [answer] = (await once(put, "response")) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(201);
  const got = await server.call("GET", `/v2/a/manifests/${digestOf(manifest)}`);
  expect(got.body.equals(manifest)).toBe(true);
});
