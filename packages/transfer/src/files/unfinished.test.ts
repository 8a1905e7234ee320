import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource, type Descriptor, digestEncoded, type ReplayableSource, replayableSource } from "@berth/oci";
import { unfinishedName } from "@berth/oci/node";
import { imageManifest } from "@berth/testkit/images";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { hello, push, titled, useFolders } from "./file-store.test-kit.ts";

const files = useFolders();
const target = titled(hello, "hello");

/** What ends a name of a process that is no more. */
let stamp = "";

beforeAll(() => {
  const print = 'import { unfinishedName } from "@berth/oci/node"; process.stdout.write(unfinishedName(""));';
  const options = { cwd: import.meta.dirname, encoding: "utf8" } as const;
  stamp = execFileSync(process.execPath, ["--conditions=berth-source", "--input-type=module", "--eval", print], options);
});

beforeEach(async () => await mkdir(files.folder));

/** The name of part of a file. */
function partOf({ digest }: Descriptor, end = stamp): string {
  return `.berth-partial-${digestEncoded(digest)}-${end}`;
}

function recorded(): { readonly source: ReplayableSource; readonly opened: readonly number[] } {
  const opened: number[] = [];
  const open = async function* (offset: number): AsyncGenerator<Uint8Array> {
    opened.push(offset);
    yield hello.subarray(offset);
  };
  return { source: replayableSource(hello.byteLength, open), opened };
}

test.each([
  ["goes on where it ended", "hello", [5]],
  ["comes anew when what was there is of something else", "HELLO", [5, 0]],
])("a file that a killed process left unfinished %s", async (_, left, offsets) => {
  await writeFile(join(files.folder, partOf(target)), left);
  const { source, opened } = recorded();
  await (await files.open()).push(target, source);
  expect(opened).toEqual(offsets);
  expect(await readdir(files.folder)).toEqual(["hello"]);
  expect(await readFile(join(files.folder, "hello"), "utf8")).toBe("hello world");
});

test("what killed processes left of folders goes with the first push, what they left of other files with the manifest", async () => {
  const other = titled(Buffer.from("other"), "other");
  const running = partOf(other, unfinishedName(""));
  await mkdir(join(files.folder, `.berth-${stamp}`));
  for (const name of [partOf(other), running, ".berth-notes"]) await writeFile(join(files.folder, name), "o");
  const store = await files.open();
  await push(store, hello, "hello");
  expect((await readdir(files.folder)).toSorted()).toEqual([".berth-notes", partOf(other), running, "hello"].toSorted());
  const manifest = imageManifest({ layers: [target] });
  await store.push(manifest.descriptor, bytesSource(manifest.bytes));
  expect((await readdir(files.folder)).toSorted()).toEqual([".berth-notes", running, "hello"].toSorted());
});

test.each([
  ["aborted", new Error("enough")],
  ["cut short by its source", undefined],
])("of a file that is %s what came stays, under no title, and the next push in the same process goes on with it", async (_, reason) => {
  const store = await files.open();
  const { promise: hasCome, resolve: come } = Promise.withResolvers<void>();
  const broken = replayableSource(hello.byteLength, async function* () {
    yield hello.subarray(0, 5);
    come();
    if (reason === undefined) throw new Error("gone");
    await new Promise<never>(() => undefined);
  });
  const controller = new AbortController();
  const pushing = store.push(target, broken, { signal: controller.signal });
  pushing.catch(() => undefined);
  await hasCome;
  if (reason !== undefined) controller.abort(reason);
  await expect(pushing).rejects.toThrow(reason?.message ?? "gone");
  const [left, ...more] = await readdir(files.folder);
  expect([left?.startsWith(partOf(target, "")), more]).toEqual([true, []]);
  expect(await readFile(join(files.folder, left ?? ""), "utf8")).toBe("hello");
  const { source, opened } = recorded();
  await store.push(target, source);
  expect(opened).toEqual([5]);
  expect(await readdir(files.folder)).toEqual(["hello"]);
});

test("a stream that can be read only once does not throw away what is there of a file", async () => {
  await writeFile(join(files.folder, partOf(target)), "hello");
  const store = await files.open();
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield* [];
    throw new Error("gone");
  };
  await expect(store.push(target, broken())).rejects.toThrow("gone");
  expect(await readdir(files.folder)).toEqual([partOf(target)]);
});

test("a whole file that cannot get its place does not stay, and a file that may not be written leaves what was there of it", async () => {
  await mkdir(join(files.folder, "hello"));
  await expect((await files.open()).push(target, bytesSource(hello))).rejects.toMatchObject({ code: "ERR_UNSAFE_TITLE" });
  await writeFile(join(files.folder, partOf(target)), "hello");
  const keeping = await files.open({ keepOldFiles: true });
  await expect(keeping.push(target, bytesSource(hello))).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
  expect((await readdir(files.folder)).toSorted()).toEqual([partOf(target), "hello"]);
});
