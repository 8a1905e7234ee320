import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { unfinishedName } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { failure, sample, scripted } from "./testing/scripted.test-kit.ts";

test.each([0, 100, 1 << 20, 9 << 20])("a blob is saved whole, in place of a file that was there (%i bytes)", async (size) => {
  const big = sample(randomBytes(size));
  const { server, repository } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { body: big.bytes });
  const folder = await temporaryFolder();
  await writeFile(join(folder, "blob"), "another");
  await repository.blobs.save(big.descriptor, join(folder, "blob"));
  expect((await readFile(join(folder, "blob"))).equals(big.bytes)).toBe(true);
  expect(await readdir(folder)).toEqual(["blob"]);
});

test.each([100, 9 << 20])("a blob that is not what was promised leaves what was there, and nothing else (%i bytes)", async (size) => {
  const big = sample(randomBytes(size));
  const { server, repository } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { body: Buffer.alloc(size) });
  const folder = await temporaryFolder();
  await writeFile(join(folder, "blob"), "another");
  const saving = repository.blobs.save(big.descriptor, join(folder, "blob"));
  expect(await failure(saving)).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(await readFile(join(folder, "blob"), "utf8")).toBe("another");
  expect(await readdir(folder)).toEqual(["blob"]);
});

test.each([100, 9 << 20])("a file that cannot be written is told as it was named, and leaves nothing (%i bytes)", async (size) => {
  const big = sample(randomBytes(size));
  const { server, repository } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { body: big.bytes });
  const folder = await temporaryFolder();
  await mkdir(join(folder, "blob"));
  for (const [name, code, reason] of [
    ["blob", "EISDIR", "it is a folder"],
    ["nowhere/blob", "ENOENT", "no such file or folder"],
  ] as const) {
    const path = join(folder, name);
    const message = `Cannot save blob "${big.descriptor.digest}" to "${path}": ${reason}`;
    expect(await failure(repository.blobs.save(big.descriptor, path))).toMatchObject({ name: "SaveError", code, path, message });
    expect(await readdir(folder)).toEqual(["blob"]);
  }
});

test("what a process that was killed left beside the file goes away; what others are about to finish stays", {
  timeout: 30_000,
}, async () => {
  const folder = await temporaryFolder();
  const print = 'import { unfinishedName } from "@berth/oci/node"; process.stdout.write(unfinishedName(".blob.partial-"));';
  const options = { cwd: import.meta.dirname, encoding: "utf8" } as const;
  const left = execFileSync(process.execPath, ["--conditions=berth-source", "--input-type=module", "--eval", print], options);
  const own = unfinishedName(".blob.partial-");
  for (const name of [left, own]) await writeFile(join(folder, name), "half");
  const big = sample(randomBytes(100_000));
  const { server, repository } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${big.descriptor.digest}`, { body: big.bytes });
  await repository.blobs.save(big.descriptor, join(folder, "blob"));
  expect((await readdir(folder)).toSorted()).toEqual([own, "blob"].toSorted());
});

/** Saves a blob to `blob`, and tells what it fails with. */
const SAVE = `
import { createRemoteRepository } from ${JSON.stringify(import.meta.resolve("./create-repository.ts"))};
const [name, digest, size] = process.argv.slice(1);
const { blobs } = createRemoteRepository(name, { plainHttp: true });
const saving = blobs.save({ mediaType: "application/octet-stream", digest, size: Number(size) }, "blob");
const { name: error, code, message, cause } = await saving.then(() => ({}), (error) => error);
console.log(JSON.stringify({ error, code, message, cause: cause?.code }));
`;

test.each([50_000, 1 << 20])("a file system that takes no more is told with what was saved where (%i bytes)", async (size) => {
  const folder = await temporaryFolder();
  const big = sample(randomBytes(size));
  const { digest } = big.descriptor;
  const { server } = await scripted();
  server.on("GET", `/v2/a/b/blobs/${digest}`, { body: big.bytes });
  const inLimit = ["-c", 'ulimit -f 64; exec "$0" "$@"', process.execPath]; // 32 KiB a file
  const args = ["--conditions=berth-source", "--input-type=module", "--eval", SAVE, `${server.host}/a/b`, digest, String(size)];
  const { stdout } = await promisify(execFile)("/bin/sh", [...inLimit, ...args], { cwd: folder });
  const message = `Cannot save blob "${digest}" to "blob": file too large`;
  expect(JSON.parse(stdout)).toEqual({ error: "SaveError", code: "EFBIG", message, cause: "EFBIG" });
  expect(await readdir(folder)).toEqual([]);
});

test("a blob is not saved in the place of what is no file", async () => {
  const { server, repository } = await scripted();
  const fifo = join(await temporaryFolder(), "fifo");
  execFileSync("/usr/bin/mkfifo", [fifo]);
  expect(await failure(repository.blobs.save(sample("text").descriptor, fifo))).toMatchObject({ code: "EEXIST" });
  expect((await lstat(fifo)).isFIFO()).toBe(true);
  expect(server.requests).toEqual([]);
});
