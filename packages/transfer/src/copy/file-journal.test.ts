import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, unfinishedName } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { openUploadJournal } from "./file-journal.ts";
import type { UploadKey } from "./upload-journal.ts";

const key: UploadKey = { registry: "one.test", repository: "a/b", digest: digestOf("blob") };
const upload = "https://one.test/v2/a/b/blobs/uploads/u?_state=secret";

async function folder(): Promise<string> {
  const path = await temporaryFolder("journal");
  return join(path, "uploads");
}

/** The one entry, and what it says. */
async function entryIn(path: string): Promise<{ readonly path: string; readonly value: Record<string, unknown> }> {
  const [name = ""] = await readdir(path);
  const file = join(path, name);
  return { path: file, value: JSON.parse(await readFile(file, "utf8")) };
}

test("[engine/T45] an upload that was noted is found, under its latest name, until it is forgotten", async () => {
  const path = await folder();
  const journal = openUploadJournal(path);
  expect(await journal.find(key)).toBeUndefined();
  for (let at = 0; at < 20; at++) journal.note(key, `${upload}${at}`);
  journal.note({ ...key, repository: "other" }, "https://one.test/other");
  await journal.forget({ ...key, repository: "other" });
  journal.note(key, upload);
  await journal.forget({ ...key, repository: "x" });
  for (let found = await journal.find(key); found !== upload; found = await journal.find(key))
    expect(found?.startsWith(upload)).not.toBe(false);
  expect(await openUploadJournal(path).find(key)).toBe(upload);
  expect(await journal.find({ ...key, registry: "two.test" })).toBeUndefined();
  await journal.forget(key);
  expect([await journal.find(key), await readdir(path)]).toEqual([undefined, []]);
});

test("[engine/T45] only its owner can read it", async () => {
  const path = await folder();
  const journal = openUploadJournal(path);
  journal.note(key, upload);
  await journal.forget({ ...key, repository: "x" });
  while ((await journal.find(key)) === undefined);
  const modes = await Promise.all([stat(path), stat((await entryIn(path)).path)]);
  expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600]);
});

test("[engine/T45] what is too old is not found, and removed by the next journal", async () => {
  const path = await folder();
  const first = openUploadJournal(path);
  first.note(key, upload);
  while ((await first.find(key)) === undefined);
  const { path: file } = await entryIn(path);
  await utimes(file, new Date(0), new Date(1000));
  expect(await first.find(key)).toBeUndefined();
  expect(await openUploadJournal(path, { ttlMs: 1000, now: () => 1500 }).find(key)).toBe(upload);
  expect(await openUploadJournal(path).find(key)).toBeUndefined();
  expect(await readdir(path)).toEqual([]);
});

test("[engine/T45] what a killed process had not finished is removed by the next journal, what another one writes is not", async () => {
  const path = await folder();
  await mkdir(path);
  const own = unfinishedName(".entry-");
  const ofDead = own.replace(/-\d*-(?=[0-9a-f]{8}-)/, "-1-"); // the same number, started at another time
  for (const name of [own, ofDead]) await writeFile(join(path, name), "{}");
  expect(await openUploadJournal(path).find(key)).toBeUndefined();
  expect(await readdir(path)).toEqual([own]);
});

test("[engine/T45] an upload of a process that lives is left to it", async () => {
  const path = await folder();
  const journal = openUploadJournal(path);
  journal.note(key, upload);
  while ((await journal.find(key)) === undefined);
  const { path: file, value } = await entryIn(path);
  const other = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
  await writeFile(file, JSON.stringify({ ...value, pid: other.pid }));
  expect(await journal.find(key)).toBeUndefined();
  other.kill("SIGKILL");
  await once(other, "exit");
  expect(await journal.find(key)).toBe(upload);
});

test.each(["", "[]", "{}", "null", `{"upload":"${"x".repeat(20_000)}"}`])("an entry that is none is not found: %s", async (text) => {
  const path = await folder();
  const journal = openUploadJournal(path);
  journal.note(key, upload);
  while ((await journal.find(key)) === undefined);
  await writeFile((await entryIn(path)).path, text);
  expect(await journal.find(key)).toBeUndefined();
});

test("a folder that cannot be used is as good as none", async () => {
  const journal = openUploadJournal("/dev/null/uploads");
  journal.note(key, upload);
  await journal.forget(key);
  expect(await journal.find(key)).toBeUndefined();
});
