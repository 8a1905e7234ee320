import assert from "node:assert/strict";
import { blobOf, type ContentCase, fails, source, textOf } from "./case.ts";

const hello = blobOf("hello world");

/** What the contract asks of blobs. */
export const blobCases: readonly ContentCase[] = [
  {
    title: "[server/P6,P8] a pushed blob is described and read back, whole and in part",
    async run(registry) {
      const { blobs } = registry.repository("a/b");
      await blobs.push(hello.descriptor, source(hello));
      assert.deepEqual(await blobs.stat(hello.descriptor.digest), hello.descriptor);
      assert.deepEqual(await blobs.resolve(hello.descriptor.digest), hello.descriptor);
      assert.equal(await blobs.exists(hello.descriptor), true);
      assert.equal(await textOf(await blobs.fetch(hello.descriptor)), "hello world");
      assert.equal(await textOf(await blobs.fetch(hello.descriptor, { offset: 6 })), "world");
      assert.equal(await textOf(await blobs.fetch(hello.descriptor, { offset: 4, length: 3 })), "o w");
    },
  },
  {
    title: "[server/P6] a blob that is not there is not found, in other repositories either",
    async run(registry) {
      await registry.repository("other").blobs.push(hello.descriptor, source(hello));
      const { blobs } = registry.repository("a/b");
      assert.equal(await blobs.exists(hello.descriptor), false);
      await fails("ERR_NOT_FOUND", () => blobs.stat(hello.descriptor.digest));
      await fails("ERR_NOT_FOUND", () => blobs.fetch(hello.descriptor));
      await fails("ERR_NOT_FOUND", () => blobs.delete(hello.descriptor));
    },
  },
  {
    title: "[server/P8] pushing what is there is success",
    async run(registry) {
      const { blobs } = registry.repository("a/b");
      await blobs.push(hello.descriptor, source(hello));
      await blobs.push(hello.descriptor, source(hello));
      assert.equal(await textOf(await blobs.fetch(hello.descriptor)), "hello world");
    },
  },
  {
    title: "[server/P8] content that is not what was promised leaves nothing behind",
    async run(registry) {
      const { blobs } = registry.repository("a/b");
      const { digest, size } = hello.descriptor;
      const wrong = ["ERR_DIGEST_MISMATCH", "ERR_SIZE_MISMATCH"];
      await fails(wrong, () => blobs.push(hello.descriptor, source(blobOf("hello w0rld"))));
      await fails(wrong, () => blobs.push(hello.descriptor, source(blobOf("hello"))));
      await fails("ERR_SIZE_MISMATCH", () => blobs.push({ ...hello.descriptor, size: size - 1 }, source(hello)));
      await fails("ERR_NOT_FOUND", () => blobs.stat(digest));
    },
  },
  {
    title: "[server/P8] a deleted blob is gone",
    async run(registry) {
      const { blobs } = registry.repository("a/b");
      await blobs.push(hello.descriptor, source(hello));
      await blobs.delete(hello.descriptor);
      assert.equal(await blobs.exists(hello.descriptor), false);
      await fails("ERR_NOT_FOUND", () => blobs.delete(hello.descriptor));
    },
  },
  {
    title: "mount() takes a blob over, and says when there is none",
    async run(registry) {
      await registry.repository("from").blobs.push(hello.descriptor, source(hello));
      const { blobs } = registry.repository("to");
      assert.equal(await blobs.mount(blobOf("nowhere").descriptor, "from"), false);
      assert.equal(await blobs.mount(hello.descriptor, "empty"), false);
      assert.equal(await blobs.exists(hello.descriptor), false);
      assert.equal(await blobs.mount(hello.descriptor, "from"), true);
      assert.equal(await textOf(await blobs.fetch(hello.descriptor)), "hello world");
    },
  },
  {
    title: "an aborted push rejects with the signal's reason",
    async run(registry) {
      const { blobs } = registry.repository("a/b");
      const reason = new Error("enough");
      await assert.rejects(blobs.push(hello.descriptor, source(hello), { signal: AbortSignal.abort(reason) }), (error) => error === reason);
      assert.equal(await blobs.exists(hello.descriptor), false);
    },
  },
];
