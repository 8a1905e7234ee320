import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../parts/command.ts";

const BALLAST = "ballast";
const STEP = 64 * 1024;

/** A file system of its own, of few bytes, in memory. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all the space that is left, or this many bytes of it. */
  fill(bytes?: number): Promise<void>;
  /** Gives back what {@link fill} took. */
  relieve(): Promise<void>;
  /** Takes it away, with all that it holds. */
  unmount(): Promise<void>;
}

/** Whether this process may mount file systems. */
export async function canMount(folder: string): Promise<boolean> {
  try {
    const disk = await mountSmallDisk(folder, 1 << 20);
    await disk.unmount();
    return true;
  } catch {
    return false; // not root, or a container without the right to mount
  }
}

/** Mounts a disk of this size at a folder, which is made. Needs root. @throws {CommandError} */
export async function mountSmallDisk(path: string, bytes: number): Promise<SmallDisk> {
  await mkdir(path, { recursive: true });
  await run("/bin/mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "berth-test", path]);
  return {
    path,
    fill: (limit = Infinity) => fill(join(path, BALLAST), limit),
    relieve: () => rm(join(path, BALLAST), { force: true }),
    unmount: async () => void (await run("/bin/umount", ["--lazy", path], { mayFail: true })),
  };
}

async function fill(path: string, limit: number): Promise<void> {
  const file = await open(path, "a");
  try {
    let taken = 0;
    for (let step = STEP; step >= 1024 && taken < limit; ) {
      try {
        await file.appendFile(Buffer.alloc(step));
        taken += step;
      } catch (error) {
        if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOSPC") throw error;
        step /= 2;
      }
    }
  } finally {
    await file.close();
  }
}
