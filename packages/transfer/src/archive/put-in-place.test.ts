import { readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { classifyError } from "../errors.ts";
import { versionOfFile } from "./file-version.ts";
import { createOciArchive, type NewOciArchive } from "./oci-archive-writer.ts";
import { openOciArchive } from "./oci-archive.ts";

const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }));
const INDEX = descriptorOf(MEDIA_TYPES.ociIndex, BYTES);

/** Starts an archive with one image under a tag. */
async function start(path: string, tag: string, replaces?: string): Promise<NewOciArchive> {
  const archive = await createOciArchive(path, replaces === undefined ? {} : { replaces });
  await archive.push(INDEX, bytesSource(BYTES));
  await archive.tag(INDEX, tag);
  return archive;
}

async function tagsOf(path: string): Promise<readonly string[]> {
  await using archive = await openOciArchive(path);
  return await Array.fromAsync(archive.tags());
}

test("of several that write one archive the first to end has it; the others fail, and leave nothing", async () => {
  const folder = await temporaryFolder("racing");
  const path = join(folder, "c.tar");
  for (const before of [undefined, "something else"]) {
    await rm(path, { force: true });
    if (before !== undefined) await writeFile(path, before);
    const started = await Promise.all(["t1", "t2", "t3", "t4"].map(async (tag) => await start(path, tag)));
    const ended = await Promise.allSettled(started.map(async (archive) => await archive.finish()));
    const winners = ended.flatMap(({ status }, at) => (status === "fulfilled" ? [`t${at + 1}`] : []));
    expect([winners.length, await tagsOf(path), await readdir(folder)]).toEqual([1, winners, ["c.tar"]]);
    const errors = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    for (const error of errors) expect(classifyError(error)).toMatchObject({ class: "Conflict", code: "ERR_ARCHIVE_CHANGED" });
    expect(errors[0]).toMatchObject({ path, message: expect.stringContaining(`"${path}": another process wrote it meanwhile`) });
  }
});

test("what came into the place of an archive since somebody looked at it stays", async () => {
  const path = join(await temporaryFolder("looked"), "c.tar");
  const seen = versionOfFile(path);
  await (await start(path, "t1")).finish();
  await expect((await start(path, "t2", seen)).finish()).rejects.toMatchObject({ code: "ERR_ARCHIVE_CHANGED" });
  expect(await tagsOf(path)).toEqual(["t1"]);
  await (await start(path, "t3", versionOfFile(path))).finish();
  expect(await tagsOf(path)).toEqual(["t3"]);
});

test("an archive that may replace anything does, and one behind a link is told apart as well", async () => {
  const folder = await temporaryFolder("any");
  const [path, link] = [join(folder, "c.tar"), join(folder, "link.tar")];
  const [first, second] = [await start(path, "t1", "any"), await start(path, "t2", "any")];
  await first.finish();
  await second.finish();
  expect(await tagsOf(path)).toEqual(["t2"]);
  await symlink(path, link);
  const late = await start(link, "t3");
  await writeFile(path, "other");
  await expect(late.finish()).rejects.toMatchObject({ code: "ERR_ARCHIVE_CHANGED", path: link });
  expect(await readFile(path, "utf8")).toBe("other");
});
