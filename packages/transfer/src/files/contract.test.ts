import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { describeTarget } from "../testing/target-contract.test-kit.ts";
import { openFileStore } from "./file-store.ts";

describeTarget("files", {
  async create() {
    const folder = await mkdtemp(join(tmpdir(), "berth-files-"));
    return {
      target: await openFileStore(folder),
      async dispose() {
        expect(await readdir(folder)).toEqual([]); // the contract's blobs have no titles
        await rm(folder, { recursive: true });
      },
    };
  },
  without: {
    delete: "files that were pulled belong to whoever pulled them",
    untag: "names last as long as the object",
  },
});
