import { join } from "node:path";
import { bytesSource, type Descriptor } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach } from "vitest";
import { type FileStore, type FileStoreOptions, openFileStore } from "./file-store.ts";
import { TITLE } from "./title.ts";

/** Content of a file. */
export const hello: Buffer = Buffer.from("hello world");

/** Where each test works. */
export interface TestFolders {
  /** Empty, of each test's own. */
  readonly scratch: string;
  /** Within it; nothing is there yet. */
  readonly folder: string;
  /** Opens `folder` as a store. */
  open(options?: FileStoreOptions): Promise<FileStore>;
}

/** Makes a folder before each test of a file, which goes away with it. */
export function useFolders(): TestFolders {
  let scratch = "";
  beforeEach(async () => {
    scratch = await temporaryFolder("files");
  });
  return {
    get scratch() {
      return scratch;
    },
    get folder() {
      return join(scratch, "in");
    },
    open: (options) => openFileStore(join(scratch, "in"), options),
  };
}

/** Describes bytes as a file with a title. */
export function titled(bytes: Uint8Array, title: string, more: Readonly<Record<string, string>> = {}): Descriptor {
  return { ...descriptorOf("text/plain", bytes), annotations: { [TITLE]: title, ...more } };
}

/** Pushes bytes as a file with a title. */
export async function push(store: FileStore, bytes: Uint8Array, title: string, more?: Readonly<Record<string, string>>): Promise<void> {
  await store.push(titled(bytes, title, more), bytesSource(bytes));
}
