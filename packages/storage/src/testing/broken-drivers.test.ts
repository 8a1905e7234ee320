import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "vitest";
import type { FileWriter, StorageDriver } from "../driver.ts";
import { createMemoryDriver } from "../memory/index.ts";
import { runDriverCase, storageDriverCases } from "./index.ts";

/** The in-memory driver with some calls replaced. */
function driverWith(change: (whole: StorageDriver) => Partial<StorageDriver>): StorageDriver {
  const whole = createMemoryDriver();
  const changes = change(whole);
  return new Proxy(whole, {
    get(target, key) {
      const value: unknown = Reflect.get(changes, key) ?? Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function writerWith(writer: FileWriter, changes: Partial<FileWriter>): FileWriter {
  return {
    get size() {
      return writer.size;
    },
    write: (chunk) => writer.write(chunk),
    sync: () => writer.sync(),
    close: () => writer.close(),
    commit: () => writer.commit(),
    cancel: () => writer.cancel(),
    ...changes,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Mistakes that a driver could make, and words of a case that must notice. */
const MISTAKES: readonly (readonly [mistake: string, noticed: string, driver: () => StorageDriver])[] = [
  [
    "putContent writes in two steps",
    "putContent is atomic",
    () =>
      driverWith((whole) => ({
        async putContent(path, content) {
          await whole.putContent(path, content.subarray(0, content.byteLength / 2));
          await turn();
          await whole.putContent(path, content);
        },
      })),
  ],
  [
    "copy removes the destination first",
    "copy is atomic",
    () =>
      driverWith((whole) => ({
        async copy(source, destination) {
          await whole.delete(destination).catch(() => undefined);
          await turn();
          await whole.copy(source, destination);
        },
      })),
  ],
  [
    "putContent leaves a temporary file",
    "valid paths can be written",
    () =>
      driverWith((whole) => ({
        async putContent(path, content) {
          await whole.putContent(path, content);
          if (!path.endsWith(".tmp")) await whole.putContent("/left.tmp", content).catch(() => undefined);
        },
        async list(path) {
          return (await whole.list(path)).filter((child) => child !== "/left.tmp");
        },
      })),
  ],
  [
    "list gives nested children",
    "list gives the direct children only",
    () =>
      driverWith((whole) => ({
        async list(path) {
          const paths = await whole.list(path);
          for await (const info of whole.walk(path)) if (!paths.includes(info.path)) paths.push(info.path);
          return paths.sort();
        },
      })),
  ],
  [
    "list is not sorted",
    "list gives the direct children only",
    () => driverWith((whole) => ({ list: async (path) => (await whole.list(path)).reverse() })),
  ],
  [
    "list stops after a page",
    "list is whole for a thousand children",
    () => driverWith((whole) => ({ list: async (path) => (await whole.list(path)).slice(0, 1000) })),
  ],
  [
    "delete takes what has the path as a prefix",
    "delete removes a file and nothing else",
    () =>
      driverWith((whole) => ({
        async delete(path) {
          await whole.delete(path);
          const folder = path.slice(0, path.lastIndexOf("/")) || "/";
          const beside = await whole.list(folder).catch(() => []);
          for (const child of beside.filter((name) => name.startsWith(path))) await whole.delete(child);
        },
      })),
  ],
  [
    "delete of a missing path succeeds",
    "a missing path is told by every call",
    () => driverWith((whole) => ({ delete: (path) => whole.delete(path).catch(() => undefined) })),
  ],
  [
    "a missing file reads as empty",
    "a missing path is told by every call",
    () => driverWith((whole) => ({ reader: (path, options) => whole.reader(path, options).catch(() => Readable.from([])) })),
  ],
  [
    "reader past the end is empty",
    "past the end",
    () =>
      driverWith((whole) => ({
        reader: (path, options) => whole.reader(path, { ...options, offset: Math.min(options?.offset ?? 0, 96) }),
      })),
  ],
  [
    "reader ignores length",
    "reader stops after length",
    () => driverWith((whole) => ({ reader: (path, options) => whole.reader(path, { offset: options?.offset ?? 0 }) })),
  ],
  [
    "reader ignores the signal",
    "a signal ends a stream",
    () =>
      driverWith((whole) => ({ reader: (path, { signal, ...options } = {}) => (signal?.throwIfAborted(), whole.reader(path, options)) })),
  ],
  [
    "writer goes on without keep",
    "a writer without keep starts anew",
    () =>
      driverWith((whole) => ({
        writer: (path, options) => whole.writer(path, { keep: "all", ...options }).catch(() => whole.writer(path, options)),
      })),
  ],
  [
    "writer keeps all whatever keep says",
    "keep drops what lies beyond it",
    () => driverWith((whole) => ({ writer: (path, options) => whole.writer(path, options?.keep === undefined ? {} : { keep: "all" }) })),
  ],
  [
    "commit of zero bytes makes no file",
    "commit of zero bytes makes an empty file",
    () =>
      driverWith((whole) => ({
        async writer(path, options) {
          const writer = await whole.writer(path, options);
          return writerWith(writer, { commit: () => (writer.size === 0 ? writer.cancel() : writer.commit()) });
        },
      })),
  ],
  [
    "cancel leaves the bytes",
    "cancel drops the bytes",
    () =>
      driverWith((whole) => ({
        async writer(path, options) {
          const writer = await whole.writer(path, options);
          return writerWith(writer, { cancel: () => writer.close().catch(() => undefined) });
        },
      })),
  ],
  [
    "cancel after commit removes the file",
    "cancel after commit does nothing",
    () =>
      driverWith((whole) => ({
        async writer(path, options) {
          const writer = await whole.writer(path, options);
          return writerWith(writer, { cancel: () => whole.delete(path).catch(() => undefined) });
        },
      })),
  ],
  [
    "a writer can be used after commit",
    "takes nothing more",
    () =>
      driverWith((whole) => ({
        async writer(path, options) {
          const writer = await whole.writer(path, options);
          return writerWith(writer, { write: (chunk) => writer.write(chunk).catch(() => undefined) });
        },
      })),
  ],
  [
    "a write is seen before commit",
    "commit makes a write visible",
    () =>
      driverWith((whole) => ({
        async writer(path, options) {
          const writer = await whole.writer(path, options);
          return writerWith(writer, {
            async write(chunk) {
              await writer.write(chunk);
              if (chunk instanceof Uint8Array) await whole.putContent(path, chunk);
            },
          });
        },
      })),
  ],
  [
    "a writer keeps the buffers of the caller",
    "lets the caller reuse them",
    () =>
      driverWith((whole) => ({
        async writer(path, options) {
          const writer = await whole.writer(path, options);
          const held: Uint8Array[] = [];
          return writerWith(writer, {
            write: async (chunk) => void held.push(...(chunk instanceof Uint8Array ? [chunk] : chunk)),
            commit: () => writer.write(held).then(() => writer.commit()),
          });
        },
      })),
  ],
  [
    "move copies and keeps the source",
    "move takes the content to another path",
    () => driverWith((whole) => ({ move: (source, destination) => whole.copy(source, destination) })),
  ],
  [
    "move removes the destination before it looks at the source",
    "move of a missing path keeps the destination",
    () =>
      driverWith((whole) => ({
        async move(source, destination) {
          if (source !== destination) await whole.delete(destination).catch(() => undefined);
          await whole.move(source, destination);
        },
      })),
  ],
  [
    "empty folders stay",
    "a folder exists while something is in it",
    () =>
      driverWith((whole) => ({
        async stat(path) {
          return whole.stat(path).catch((error: unknown) => {
            if (path !== "/a/b") throw error;
            return { path, size: 0, modifiedAt: new Date(), isDirectory: true };
          });
        },
      })),
  ],
  [
    "walk goes through folders before their neighbours",
    "walk is in byte order",
    () =>
      driverWith((whole) => ({
        async *walk(path, options) {
          for (const child of await whole.list(path)) {
            const info = await whole.stat(child);
            yield info;
            if (info.isDirectory) yield* this.walk?.(child, options) ?? [];
          }
        },
      })),
  ],
  ["walk ignores after", "walk goes on after any path", () => driverWith((whole) => ({ walk: (path) => whole.walk(path) }))],
  [
    "stat of a file has no size",
    "can be written and read",
    () => driverWith((whole) => ({ stat: async (path) => ({ ...(await whole.stat(path)), size: 0 }) })),
  ],
];

describe("the contract suite notices a driver whose", () => {
  for (const [mistake, noticed, create] of MISTAKES) {
    test(mistake, async () => {
      const cases = storageDriverCases.filter(({ title }) => title.includes(noticed));
      assert.ok(cases.length > 0, `no case is about "${noticed}"`);
      const failures: string[] = [];
      for (const driverCase of cases) await runDriverCase(driverCase, create()).catch(() => failures.push(driverCase.title));
      assert.ok(failures.length > 0, "no case failed");
    });
  }
});

test("a case fails when something is left in the store that the driver does not list", async () => {
  const [driverCase] = storageDriverCases;
  assert.ok(driverCase !== undefined);
  await runDriverCase(driverCase, { driver: createMemoryDriver(), strays: async () => [] });
  await assert.rejects(runDriverCase(driverCase, { driver: createMemoryDriver(), strays: async () => ["data.tmp"] }), /left something/);
});
