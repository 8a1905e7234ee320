import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";

/** A temporary folder that can be taken away whatever a part left in it. */
export interface Scratch {
  readonly path: string;
  /** A path inside the folder. */
  join(...names: string[]): string;
  /** Unmounts what is mounted inside and removes the folder. */
  remove(): Promise<void>;
}

/** Makes a temporary folder. The name is short: a Unix socket's path may have 107 bytes at most. */
export async function createScratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), "berth-"));
  return {
    path,
    join: (...names) => join(path, ...names),
    async remove() {
      await unmountBelow(path);
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Starts something in a temporary folder, which goes away when the start fails, or else after its `stop`. */
export async function startInScratch<T extends { stop(): Promise<void> }>(start: (scratch: Scratch) => Promise<T>): Promise<T> {
  const scratch = await createScratch();
  try {
    const started = await start(scratch);
    return {
      ...started,
      async stop() {
        await started.stop();
        await scratch.remove();
      },
    };
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}

/** Engines leave overlay mounts behind, and removing through one would empty what lies under it. */
async function unmountBelow(path: string): Promise<void> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const points = table
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point.startsWith(`${path}/`));
  for (const point of points.reverse()) await run("/bin/umount", ["--lazy", point], { mayFail: true });
}
