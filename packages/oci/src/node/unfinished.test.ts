import { spawn } from "node:child_process";
import { once } from "node:events";
import { lchown, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import {
  leaveUnfinished,
  makeWorkFolder,
  outsideOfWork,
  removeAbandoned,
  removeAbandonedBeside,
  takeAbandoned,
  unfinishedBeside,
  unfinishedName,
} from "./unfinished.ts";

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

test("what a killed process left unfinished is taken over: the largest, by one alone; what others work on is not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-unfinished-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [small, large, running] = [await nameInChild(".x-"), await nameInChild(".x-"), await nameInChild(".x-")];
  for (const [{ name }, content] of [
    [small, "1"],
    [large, "22"],
    [running, "333"],
  ] as const)
    await writeFile(join(folder, name), content);
  for (const { end } of [small, large]) await end();
  const first = await takeAbandoned(folder, ".x-");
  expect(await readFile(first ?? "", "utf8")).toBe("22");
  expect(basename(first ?? "")).toMatch(/^\.x-/);
  expect(await readFile((await takeAbandoned(folder, ".x-")) ?? "", "utf8")).toBe("1");
  expect([await takeAbandoned(folder, ".x-"), await takeAbandoned(join(folder, "none"), ".x-")]).toEqual([undefined, undefined]);
});

test("what this process gave up is taken over by it or others, or removed like what a killed one left", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-unfinished-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const leave = async (): Promise<void> => {
    const path = join(folder, unfinishedName(".x-"));
    await writeFile(path, "1");
    await leaveUnfinished(path, ".x-");
  };
  await leave();
  const taken = await takeAbandoned(folder, ".x-");
  expect(await readFile(taken ?? "", "utf8")).toBe("1");
  expect(await takeAbandoned(folder, ".x-")).toBeUndefined();
  await leave();
  await removeAbandoned(folder, ".x-");
  expect(await readdir(folder)).toEqual([basename(taken ?? "")]);
});

test("outsideOfWork() tells the folder that work is done in, and leaves other paths alone", async () => {
  const parent = await mkdtemp(join(tmpdir(), "berth-unfinished-"));
  onTestFinished(() => rm(parent, { recursive: true }));
  await using outer = await makeWorkFolder("push", parent);
  await using inner = await makeWorkFolder("pack", outer.path);
  for (const path of [outer.path, inner.path, join(inner.path, "content"), parent]) expect(outsideOfWork(path)).toBe(parent);
  expect(outsideOfWork("berth-push-1/a")).toBe("berth-push-1/a");
});

test("makeWorkFolder() makes a folder for this user alone, and takes away what killed processes left of its kind", {
  timeout: 30_000,
}, async () => {
  const parent = await mkdtemp(join(tmpdir(), "berth-unfinished-"));
  onTestFinished(() => rm(parent, { recursive: true }));
  const child = await nameInChild("berth-push-");
  await writeFile(join(parent, child.name), "");
  const kept = await makeWorkFolder("push", parent);
  expect((await stat(kept.path)).mode & 0o777).toBe(0o700);
  expect(await readdir(parent)).toContain(child.name);
  await child.end();
  const foreign = `${child.name.slice(0, -8)}00000000`;
  if (process.getuid?.() === 0) {
    await writeFile(join(parent, foreign), "");
    await lchown(join(parent, foreign), 12_345, 12_345);
  }
  {
    await using folder = await makeWorkFolder("push", parent);
    await writeFile(join(folder.path, "content"), "x");
    const others = process.getuid?.() === 0 ? [foreign] : [];
    expect((await readdir(parent)).toSorted()).toEqual([basename(kept.path), basename(folder.path), ...others].toSorted());
  }
  expect(await readdir(parent)).toContain(basename(kept.path));
  await kept[Symbol.asyncDispose]();
  expect(await readdir(parent)).not.toContain(basename(kept.path));
});
