import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseDigest } from "../digest.ts";
import { DigestMismatchError, LimitExceededError, SizeMismatchError } from "../errors.ts";
import { createDigester, createMultiDigester, createVerifier, descriptorOf, digestOf, readAllVerified, verifyingStream } from "./index.ts";

const bytes = new TextEncoder().encode("hello world");
const target = descriptorOf("text/plain", bytes);

async function* chunks(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

describe("digesters", () => {
  test.each(["sha256", "sha384", "sha512"] as const)("createDigester(%j) agrees with digestOf() and with OpenSSL", (algorithm) => {
    const digester = createDigester(algorithm);
    digester.update(bytes.subarray(0, 4));
    digester.update(bytes.subarray(4));
    const wanted = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
    expect([digester.digest(), digester.digest(), digestOf(bytes, algorithm)]).toEqual([wanted, wanted, wanted]);
    expect(digester.size).toBe(11);
    expect(() => digester.update(bytes)).toThrow(TypeError);
  });

  test("createMultiDigester() computes each algorithm once", () => {
    const digester = createMultiDigester(["sha512", "sha256", "sha512"]);
    digester.update(bytes);
    expect([...digester.digests()]).toEqual([
      ["sha512", digestOf(bytes, "sha512")],
      ["sha256", digestOf(bytes)],
    ]);
    expect(digester.size).toBe(11);
  });
});

describe("readAllVerified()", () => {
  test("[client/B-69] gives the bytes when they are right", async () => {
    expect(new Uint8Array(await readAllVerified(chunks(bytes.subarray(0, 3), bytes.subarray(3)), target))).toEqual(bytes);
    expect(await readAllVerified(chunks(), descriptorOf("x/y", new Uint8Array()))).toHaveLength(0);
  });

  test("[client/B-69] says both sizes when content is too short or too long", async () => {
    await expect(readAllVerified(chunks(bytes.subarray(1)), target)).rejects.toMatchObject({
      code: "ERR_SIZE_MISMATCH",
      expected: 11,
      actual: 10,
    });
    await expect(readAllVerified(chunks(bytes, bytes), target)).rejects.toMatchObject({
      code: "ERR_SIZE_MISMATCH",
      expected: 11,
      actual: 22,
    });
  });

  test("[client/B-69] refuses content of another digest", async () => {
    await expect(readAllVerified(chunks(bytes.toReversed()), target)).rejects.toBeInstanceOf(DigestMismatchError);
  });

  test("[client/B-69] refuses a negative size, and reads nothing for a forged one", async () => {
    let isRead = false;
    const unread = {
      async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
        isRead = true;
        yield bytes;
      },
    };
    await expect(readAllVerified(unread, { ...target, size: -1 })).rejects.toBeInstanceOf(RangeError);
    await expect(readAllVerified(unread, { ...target, size: 2 ** 62 })).rejects.toBeInstanceOf(LimitExceededError);
    expect(isRead).toBe(false);
    // were memory taken for what is promised, there would be none
    await expect(readAllVerified(chunks(bytes), { ...target, size: 2 ** 52 }, { maxBytes: 2 ** 53 })).rejects.toBeInstanceOf(
      SizeMismatchError,
    );
  });

  test("rejects with the reason of the signal", async () => {
    const reason = new Error("enough");
    await expect(readAllVerified(chunks(bytes), target, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("verifyingStream()", () => {
  test("[client/B-69] passes right content through and fails before the end on wrong", async () => {
    const parts: Buffer[] = [];
    for await (const part of verifyingStream(chunks(bytes), target)) parts.push(part);
    expect(new Uint8Array(Buffer.concat(parts))).toEqual(bytes);
    const read = async (): Promise<void> => {
      for await (const _ of verifyingStream(chunks(bytes), { ...target, digest: parseDigest(`sha256:${"0".repeat(64)}`) }));
    };
    await expect(read()).rejects.toBeInstanceOf(DigestMismatchError);
  });

  test("ends its source when it is destroyed", async () => {
    const ended = Promise.withResolvers<string>();
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(10);
      } finally {
        ended.resolve("ended");
      }
    }
    for await (const _ of verifyingStream(source(), { ...target, size: 1_000_000 })) break;
    expect(await ended.promise).toBe("ended");
  });
});

test("[client/B-69] createVerifier() does not verify before the end", () => {
  const verifier = createVerifier(target);
  verifier.update(bytes.subarray(0, 5));
  expect(() => verifier.verify()).toThrow(SizeMismatchError);
  verifier.update(bytes.subarray(5));
  expect(verifier.verify()).toBe(target.digest);
});
