import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { useRegistry } from "../testing/harness.test-kit.ts";
import type { RequestSummary } from "./options.ts";

test("[server/X4] every request that is over is told of, with its status and the bytes of its body", async () => {
  const seen: RequestSummary[] = [];
  const server = await useRegistry({ onRequest: (summary) => void seen.push(summary) });
  const content = Buffer.alloc(100_000, "a");
  const digest = digestOf(content);
  await server.call("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { body: content });
  await server.call("GET", `/v2/a/blobs/${digest}`);
  await server.call("GET", `/v2/a/blobs/${digest}`, { headers: { range: "bytes=10-19" } });
  await server.call("HEAD", `/v2/a/blobs/${digest}`);
  await server.call("GET", "/v2/a/tags/list");
  await server.call("GET", "/nowhere");
  await expect.poll(() => seen.length).toBe(6);
  expect(seen.map(({ route, status, written }) => [route, status, written])).toEqual([
    ["upload.start", 201, 0],
    ["blob.fetch", 200, 100_000],
    ["blob.fetch", 206, 10],
    ["blob.stat", 200, 0],
    ["tags.list", 200, '{"name":"a","tags":[]}\n'.length],
    [undefined, 404, expect.any(Number)],
  ]);
});
