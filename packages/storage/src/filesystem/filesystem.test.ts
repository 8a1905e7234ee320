import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, test } from "vitest";
import { describeStorageDriver, type DriverSubject } from "../testing/index.ts";
import { createFilesystemDriver } from "./index.ts";

async function createSubject(): Promise<DriverSubject> {
  const rootDirectory = await mkdtemp(join(tmpdir(), "berth-filesystem-"));
  const driver = createFilesystemDriver({ rootDirectory });
  return {
    driver,
    async strays() {
      const listed = new Set<string>();
      for await (const { path } of driver.walk("/")) listed.add(path.slice(1));
      const entries = await readdir(rootDirectory, { recursive: true, withFileTypes: true });
      const found = entries
        .map((entry) => relative(rootDirectory, join(entry.parentPath, entry.name)))
        .filter((path) => path !== "~tmp" && !listed.has(path));
      return [...found, ...(await openFiles(rootDirectory))];
    },
    dispose: () => rm(rootDirectory, { recursive: true }),
  };
}

/** Files below a folder that this process holds open; none where the system does not tell. */
async function openFiles(folder: string): Promise<string[]> {
  const numbers = await readdir("/proc/self/fd").catch(() => []);
  const targets = await Promise.all(numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => "")));
  return targets.filter((target) => target.startsWith(`${folder}/`)).map((target) => `open: ${target}`);
}

describeStorageDriver("filesystem", {
  describe,
  test,
  create: createSubject,
  without: { hiddenUntilCommit: "writes go straight to the path, so that committing needs no rename and another process can go on" },
});
