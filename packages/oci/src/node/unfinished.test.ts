import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { removeAbandoned, removeAbandonedBeside, unfinishedBeside, unfinishedName } from "./unfinished.ts";

/** Names something in another process, which lives until its standard input ends. */
async function nameInChild(prefix: string): Promise<{ readonly name: string; end(): Promise<void> }> {
  const module = new URL("./unfinished.ts", import.meta.url).href;
  const code = `import { unfinishedName } from ${JSON.stringify(module)}; console.log(unfinishedName(${JSON.stringify(prefix)})); process.stdin.resume();`;
  const child = spawn(process.execPath, ["--conditions=berth-source", "--input-type=module", "--eval", code], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(end);
  const [line]: Buffer[] = await once(child.stdout, "data");
  return { name: String(line).trim(), end };
}

test("what a process that was killed left unfinished is removed; what others work on, or what is no such thing, is not", {
  timeout: 30_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-unfinished-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const child = await nameInChild(".berth-");
  const own = unfinishedName(".berth-");
  const elsewhere = child.name.replace(/-[0-9a-f]{8}-/, "-00000000-");
  const others = [own, elsewhere, ".berth-mine", "file", child.name.replace(".berth-", ".other-")];
  for (const name of [child.name, ...others]) await writeFile(join(folder, name), "");
  await removeAbandoned(folder, ".berth-");
  expect((await readdir(folder)).toSorted()).toEqual([child.name, ...others].toSorted());
  await child.end();
  await removeAbandoned(folder, ".berth-");
  expect((await readdir(folder)).toSorted()).toEqual(others.toSorted());
  await removeAbandoned(join(folder, "none"), ".berth-");
});

test("a file that is not whole stands in its folder, under a name of its own; what a killed process left of it, and of no other file, is removed", {
  timeout: 30_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-unfinished-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "app.tar");
  const own = unfinishedBeside(path);
  expect(dirname(own)).toBe(folder);
  expect(basename(own)).toMatch(/^\.app\.tar\.partial-./);
  expect(unfinishedBeside(path)).not.toBe(own);
  const child = await nameInChild(".app.tar.partial-");
  await child.end();
  const ofOther = child.name.replace(".app.tar.", ".app.tar.gz.");
  for (const name of [child.name, basename(own), ofOther, "app.tar"]) await writeFile(join(folder, name), "");
  await removeAbandonedBeside(path);
  expect((await readdir(folder)).toSorted()).toEqual([basename(own), ofOther, "app.tar"].toSorted());
});
