import { mkdir, readdir, readFile, rmdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { DurableFiles } from "./durable-files.ts";
import { LayoutPaths } from "./layout-paths.ts";

async function start(): Promise<{ readonly files: DurableFiles; readonly paths: LayoutPaths }> {
  const paths = new LayoutPaths(await temporaryFolder());
  return { files: new DurableFiles(paths, "full"), paths };
}

test("a folder that others remove as soon as it is made is made again", async () => {
  const { files, paths } = await start();
  let tries = 0;
  await files.within(paths.ingest, async () => {
    if (++tries > 1 && tries < 6) await rmdir(paths.ingest);
    await writeFile(join(paths.ingest, "file"), "content", { flag: "wx" });
  });
  expect([tries, await readdir(paths.ingest)]).toEqual([6, ["file"]]);
});

test("a folder that is gone once it was found to be there is made again", async () => {
  const { files, paths } = await start();
  await symlink(join(paths.root, "nowhere"), paths.ingest); // there, and not there
  let tries = 0;
  await files.within(paths.ingest, async () => {
    if (++tries === 3) await unlink(paths.ingest);
    await writeFile(join(paths.ingest, "file"), "content", { flag: "wx" });
  });
  expect([tries, await readdir(paths.ingest)]).toEqual([4, ["file"]]);
});

test("what is missing for another reason is told", async () => {
  const { files, paths } = await start();
  const gone = files.within(paths.ingest, async () => await readFile(join(paths.ingest, "gone")));
  await expect(gone).rejects.toMatchObject({ code: "ENOENT", path: join(paths.ingest, "gone") });
});

test("`ingest` goes when it is empty, and stays when somebody uses it", async () => {
  const { files, paths } = await start();
  files.leaveIngest(); // it is not there
  await mkdir(paths.ingest);
  await writeFile(join(paths.ingest, "file"), "content");
  files.leaveIngest();
  expect(await readdir(paths.ingest)).toEqual(["file"]);
  await files.publish(join(paths.ingest, "file"), join(paths.root, "file"));
  files.leaveIngest();
  expect(await readdir(paths.root)).toEqual(["file"]);
});

test("content that comes in many pieces, or in none, is written whole", async () => {
  const paths = new LayoutPaths(await temporaryFolder());
  const files = new DurableFiles(paths, "none");
  const pieces = Array.from({ length: 3000 }, (_, number) => Buffer.from(`${number},`)); // more than the system takes at a time
  await files.writeWhole(join(paths.root, "many"), pieces);
  await files.writeWhole(join(paths.root, "none"), []);
  await files.writeWhole(join(paths.root, "empty"), [Buffer.alloc(0), Buffer.from("a"), Buffer.alloc(0)]);
  const read = async (name: string): Promise<string> => await readFile(join(paths.root, name), "utf8");
  expect([await read("many"), await read("none"), await read("empty")]).toEqual([Buffer.concat(pieces).toString(), "", "a"]);
});
