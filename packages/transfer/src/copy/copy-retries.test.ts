import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createOciArchive } from "../archive/oci-archive-writer.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { imageOf, startFake, storeOf } from "./copy.test-kit.ts";

test.each([
  [0, 2, 3, "tagged"], // the manager's tries alone
  [0, 99, 5, "ERR_TRANSFER_FAILED"],
  [1, 99, 6, "ERR_TRANSFER_FAILED"], // two each time
  [4, 99, 5, "ERR_COPY"], // the client's alone
] as const)(
  "[engine/T9] downloads are tried five times in all: with %i retries of the client and %i answers cut, %i requests, and then %s",
  async (downloadRetries, cuts, requests, expected) => {
    const image = imageOf(0);
    const size = image.blobs[0]?.bytes.byteLength ?? 0;
    let asked = 0;
    const from = await startFake({
      answer(request, response) {
        if (request.method !== "GET" || request.url?.includes("/blobs/") !== true || asked++ >= cuts) return false;
        response.writeHead(200, { "content-length": String(size) });
        response.flushHeaders();
        setImmediate(() => response.destroy());
        return true;
      },
    });
    from.put("a", image, "v1");
    const repository = from.repository("a", { retry: false, downloadRetries, downloadRetryDelayMs: 0 });
    const manager = createTransferManager({ backoff: () => 0, attempts: 5 });
    const outcome = await copy(repository, "v1", createMemoryStore(), undefined, { manager }).then(
      ({ tags }) => tags[0]?.outcome,
      (error: { code: string }) => error.code,
    );
    expect([asked, outcome]).toEqual([requests, expected]);
  },
);

test("[engine/T9] a registry that refuses to make a blob is asked five times in all, and gets its bytes twice at most", async () => {
  const image = imageOf(0);
  const size = image.blobs[0]?.bytes.byteLength ?? 0;
  let [bytes, held] = [0, 0];
  const to = await startFake({
    async answer(request, response) {
      const { method = "", url = "" } = request;
      if (!url.includes("/blobs/uploads/") || !["GET", "PATCH", "PUT"].includes(method)) return false;
      const came = (await buffer(request)).byteLength;
      bytes += came;
      if (method === "PATCH") held += came;
      const headers = { location: url, "berth-upload-offset": String(held), range: `0-${held - 1}` };
      response.writeHead(method === "PUT" ? 500 : 202, method === "PUT" ? {} : headers).end();
      return true;
    },
  });
  const manager = createTransferManager({ backoff: () => 0 });
  const repository = to.repository("b", { retry: false });
  const error = copy(await storeOf(image, "v1"), "v1", repository, undefined, { manager });
  await expect(error).rejects.toMatchObject({ code: "ERR_COPY", cause: { status: 500, attempts: 5 } });
  expect([to.count("PUT b/blobs/uploads"), bytes]).toEqual([5, 2 * size]);
});

test("[engine/T9] a pipe that nobody reads any more is not written to again", async () => {
  const gone = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
  const archive = await createOciArchive(new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => done(gone) }));
  const from = await startFake();
  from.put("a", imageOf(0), "v1");
  const actions: string[] = [];
  const copying = copy(from.repository("a"), "v1", archive, undefined, { onEvent: ({ action }) => actions.push(action) });
  await expect(copying).rejects.toMatchObject({ code: "ERR_COPY", origin: "destination", cause: gone });
  expect([from.count("GET a/blobs"), actions.includes("retrying")]).toEqual([1, false]);
  await archive.abort();
});
