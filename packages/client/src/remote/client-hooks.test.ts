import { MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { startScriptedRegistry } from "@berth/testkit/scripted";
import { expect, onTestFinished, test } from "vitest";
import type { BlobProgress, ClientHooks } from "./client-hooks.ts";
import { createRemoteRepository } from "./create-repository.ts";

const bytes = Buffer.from("Hello blob");
const blob = descriptorOf(MEDIA_TYPES.ociLayer, bytes);
const BLOB = `/v2/team/app/blobs/${blob.digest}`;
const UPLOADS = "/v2/team/app/blobs/uploads/";

test("[client/X-10] one object of hooks is told of requests, answers, retries, tokens, warnings and progress", async () => {
  const server = await startScriptedRegistry();
  onTestFinished(() => server.close());
  const challenge = { "www-authenticate": `Bearer realm="${server.url}/token",service="s"` };
  server.on("GET", "/token", { headers: { "content-type": "application/json" }, body: '{"token":"s3cret"}' });
  server.on("GET", BLOB, { status: 401, headers: challenge }, { status: 503 }, { headers: { warning: '299 - "moves soon"' }, body: bytes });
  server.on("POST", UPLOADS, { status: 202, headers: { location: `${UPLOADS}u` } });
  server.on("PUT", `${UPLOADS}u`, { status: 201 });
  const told: string[] = [];
  const progress: BlobProgress[] = [];
  const hooks: ClientHooks = {
    onRequest: ({ method, url }) => told.push(`> ${method} ${new URL(url).pathname.split("/").at(-1)?.slice(0, 7)}`),
    onResponse: ({ status }) => told.push(`< ${status}`),
    onRetry: ({ retry, status }) => told.push(`retry ${retry} after ${status}`),
    onToken: ({ scopes, grant }) => told.push(`${grant} token for ${scopes.join(" ")}`),
    onWarning: ({ text, operation }) => told.push(`${operation}: ${text}`),
    onProgress: (event) => progress.push(event),
  };
  const retry = { policy: { backoff: () => 0 } };
  const repository = createRemoteRepository(`${server.host}/team/app`, { plainHttp: true, hooks, retry });
  await repository.fetchBytes(blob);
  expect(told).toEqual([
    "> GET sha256:",
    "< 401",
    "> GET token",
    "< 200",
    "anonymous token for repository:team/app:pull",
    "> GET sha256:",
    "< 503",
    "retry 1 after 503",
    "> GET sha256:",
    "< 200",
    "fetch blob: moves soon",
  ]);
  await repository.push(blob, bytes);
  const about = { registry: server.host, repository: "team/app", digest: blob.digest };
  const all = { transferred: bytes.byteLength, total: bytes.byteLength };
  expect([progress[0], progress.at(-1)]).toEqual([
    { operation: "fetch blob", ...about, ...all },
    { operation: "push blob", ...about, ...all },
  ]);
  expect(JSON.stringify([told, progress])).not.toContain("s3cret");
});

test("[client/X-10] hooks stand beside the handlers of single options and calls: both are told", async () => {
  const server = await startScriptedRegistry();
  onTestFinished(() => server.close());
  server.on("GET", BLOB, { status: 503 }, { headers: { warning: '299 - "w"' }, body: bytes });
  const told: string[] = [];
  const repository = createRemoteRepository(`${server.host}/team/app`, {
    plainHttp: true,
    onWarning: () => told.push("own warning"),
    retry: { policy: { backoff: () => 0 }, onRetry: () => told.push("own retry") },
    hooks: { onWarning: () => told.push("warning"), onRetry: () => told.push("retry"), onProgress: () => told.push("progress") },
  });
  const stream = await repository.blobs.fetch(blob, {
    offset: 6,
    onProgress: ({ received, total }) => told.push(`own progress ${received}/${total}`),
  });
  expect(Buffer.concat(await Array.fromAsync(stream)).toString()).toBe("blob");
  expect(told).toEqual(["own retry", "retry", "own warning", "warning", "own progress 4/4", "progress"]);
});
