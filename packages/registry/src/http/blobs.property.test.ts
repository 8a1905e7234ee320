import type { Digest } from "@berth/oci";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { bytesOf } from "../testing/fixtures.test-kit.ts";
import { type RegistryServer, startRegistry } from "../testing/harness.test-kit.ts";

const SIZES = [1, 2, 1000, 65_536, 65_537, 300_000];
const blobs: { readonly content: Buffer; readonly digest: Digest }[] = [];
let server: RegistryServer;

beforeAll(async () => {
  server = await startRegistry();
  for (const size of SIZES) {
    const content = bytesOf(size, size);
    blobs.push({ content, digest: await server.pushBlob("a", content) });
  }
  return () => server.close();
});

const edge = (size: number): fc.Arbitrary<number> =>
  fc.oneof(fc.nat(size + 10), fc.constantFrom(0, 1, size - 1, size, size + 1, Number.MAX_SAFE_INTEGER));

test("[server/B2,O26] a Range gives the bytes that it names, 416 when there are none, and the whole when it makes no sense", async () => {
  const blob = fc.nat(SIZES.length - 1);
  const shape = fc.constantFrom("first-last", "first-", "-suffix", "nonsense");
  await fc.assert(
    fc.asyncProperty(
      blob.chain((index) =>
        fc.tuple(fc.constant(index), shape, edge(SIZES[index] ?? 0), edge(SIZES[index] ?? 0), fc.string({ maxLength: 6 })),
      ),
      async ([index, kind, a, b, noise]) => {
        const { content, digest } = blobs[index] ?? { content: Buffer.alloc(0), digest: "" };
        const size = content.byteLength;
        const range =
          kind === "first-last"
            ? `bytes=${a}-${b}`
            : kind === "first-"
              ? `bytes=${a}-`
              : kind === "-suffix"
                ? `bytes=-${a}`
                : `bytes=x${noise.replace(/[^!-~]/g, "")}`;
        const start = kind === "-suffix" ? Math.max(0, size - a) : a;
        const end = kind === "first-last" ? Math.min(b, size - 1) : size - 1;
        const reply = await server.call("GET", `/v2/a/blobs/${digest}`, { headers: { range } });
        if (kind === "nonsense") {
          expect([reply.status, reply.body.equals(content)], range).toEqual([200, true]);
        } else if (start > end || (kind === "first-last" && b < a)) {
          expect([reply.status, reply.headers["content-range"]], range).toEqual([416, `bytes */${size}`]);
        } else {
          expect([reply.status, reply.headers["content-range"]], range).toEqual([206, `bytes ${start}-${end}/${size}`]);
          expect(reply.body.equals(content.subarray(start, end + 1)), range).toBe(true);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("[server/U4,U5] content is the same however its bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(70_000), { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 99 }), async (lengths, seed) => {
      const content = bytesOf(
        lengths.reduce((sum, length) => sum + length, 1),
        seed,
      );
      let position = 0;
      const chunks = [...lengths, 1].map((length) => content.subarray(position, (position += length)));
      const session = await server.startUpload("b");
      expect((await server.call("PATCH", session, { chunks })).headers["berth-upload-offset"]).toBe(String(content.byteLength));
      const whole = await server.pushBlob("c", content);
      expect((await server.call("PUT", `${session}?digest=${whole}`)).status).toBe(201);
      expect((await server.call("GET", `/v2/b/blobs/${whole}`)).body.equals(content)).toBe(true);
    }),
    { numRuns: 25 },
  );
});
