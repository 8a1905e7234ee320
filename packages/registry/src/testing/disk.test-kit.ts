import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { StorageDriver } from "@berth/storage";
import { createFilesystemDriver } from "@berth/storage/filesystem";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { openSqliteMetadata } from "../metadata/index.ts";
import type { MetadataStore } from "../metadata/store.ts";

/** A folder and a database file that outlive a registry. */
export interface Disk {
  readonly root: string;
  /** A new driver and a new connection, as another process would have. */
  open(): Promise<{ readonly storage: StorageDriver; readonly metadata: MetadataStore }>;
  /** Paths of all files, below the folder. */
  files(): Promise<readonly string[]>;
}

/** Makes a folder that goes away with the running test. */
export async function useDisk(): Promise<Disk> {
  const root = await temporaryFolder("registry");
  return {
    root,
    open: async () => ({
      storage: createFilesystemDriver({ rootDirectory: join(root, "storage") }),
      metadata: await openSqliteMetadata({ path: join(root, "metadata.db"), durability: "relaxed" }),
    }),
    async files() {
      const entries = await readdir(join(root, "storage"), { recursive: true, withFileTypes: true }).catch(() => []); // nothing was written yet
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + "/storage".length))
        .sort();
    },
  };
}
