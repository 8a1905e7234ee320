import { expect, test } from "vitest";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { imageOf, startFake } from "./copy.test-kit.ts";

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
