import { type ReplayableSource, replayableSource } from "@berth/oci";
import type { ScriptedRegistry } from "@berth/testkit/scripted";
import { expect, test } from "vitest";
import { pushBlob } from "./push-blob.ts";
import { noWait, once, randomBlob, startScripted, taken, UPLOAD, UPLOADS } from "./upload.test-kit.ts";

const MIB = 1_048_576;
const { bytes, descriptor } = randomBlob(5 * MIB);
const options = { backoff: noWait, chunkSize: 2 * MIB - 1000, mode: "chunked" } as const;

/** Content that can be read again in pieces that chunks do not end with, and notes from where it was opened, and how often closed. */
function watched(): { readonly source: ReplayableSource; readonly opened: readonly number[]; readonly closed: () => number } {
  const opened: number[] = [];
  let closed = 0;
  async function* read(offset: number): AsyncGenerator<Uint8Array> {
    opened.push(offset);
    try {
      yield* once(bytes.subarray(offset), 300_007);
    } finally {
      closed++;
    }
  }
  return { source: replayableSource(bytes.byteLength, read), opened, closed: () => closed };
}

/** Takes every chunk but those whose turn is among `refused`. */
function takeChunks(registry: ScriptedRegistry, ...refused: readonly number[]): void {
  let turn = 0;
  let held = 0;
  registry.on("POST", UPLOADS, () => {
    held = 0;
    return { status: 202, headers: { location: UPLOAD } };
  });
  registry.on("PATCH", UPLOAD, ({ body }) => {
    if (refused.includes(turn++)) return { status: 503 };
    held += body.byteLength;
    return taken("u", held - 1);
  });
  registry.on("GET", UPLOAD, () => ({ status: 204, headers: { location: UPLOAD, range: `0-${held - 1}` } }));
  registry.on("PUT", UPLOAD, { status: 201 }).on("DELETE", UPLOAD, { status: 204 });
}

function sentBy(registry: ScriptedRegistry): Buffer {
  return Buffer.concat(registry.requests.filter(({ method }) => method === "PATCH").map(({ body }) => body));
}

test("[client/X-3] content that can be read again is read on from chunk to chunk, and opened once", async () => {
  const { registry, connection } = await startScripted();
  takeChunks(registry);
  const { source, opened, closed } = watched();
  const passing = watched();
  await pushBlob(connection, "a/b", descriptor, source, options);
  expect(registry.journal("PATCH")).toHaveLength(3);
  expect(sentBy(registry).equals(bytes)).toBe(true);
  expect([opened, closed()]).toEqual([[0], 1]);
  const both: ReplayableSource = { ...source, openPassing: (offset) => passing.source.open(offset) };
  await pushBlob(connection, "a/b", descriptor, both, options);
  expect(sentBy(registry).equals(Buffer.concat([bytes, bytes]))).toBe(true);
  expect([opened, passing.opened, passing.closed()]).toEqual([[0], [0], 1]);
});

test("[client/X-3] a chunk that was refused is read again, and the next one goes on behind it", async () => {
  const { registry, connection } = await startScripted();
  takeChunks(registry, 1);
  const { source, opened, closed } = watched();
  await pushBlob(connection, "a/b", descriptor, source, options);
  const [first, , second, third] = registry.requests.filter(({ method }) => method === "PATCH").map(({ body }) => body);
  expect(Buffer.concat([first, second, third].map((body) => body ?? Buffer.alloc(0))).equals(bytes)).toBe(true);
  expect([opened, closed()]).toEqual([[0, options.chunkSize], 2]);
});

test("[client/X-3] content is let go when a push fails between its chunks", async () => {
  const { registry, connection } = await startScripted();
  takeChunks(registry);
  registry.on("PATCH", UPLOAD, { status: 202, headers: { location: UPLOAD } }, { status: 403 });
  const { source, closed } = watched();
  await expect(pushBlob(connection, "a/b", descriptor, source, options)).rejects.toMatchObject({ status: 403 });
  await expect.poll(closed).toBe(1);
});
