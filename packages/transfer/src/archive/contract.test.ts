import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { describeTarget } from "../testing/target-contract.test-kit.ts";
import { createOciArchive } from "./oci-archive-writer.ts";
import { openOciArchive } from "./oci-archive.ts";

describeTarget("OCI archive", {
  async create() {
    const folder = await mkdtemp(join(tmpdir(), "berth-archive-"));
    const path = join(folder, "images.tar");
    const target = await createOciArchive(path);
    let close: (() => Promise<void>) | undefined;
    return {
      target,
      async reopen() {
        await target.finish();
        const archive = await openOciArchive(path);
        close = () => archive.close();
        return archive;
      },
      async dispose() {
        await target.abort();
        await close?.();
        expect((await readdir(folder)).filter((name) => name !== "images.tar")).toEqual([]);
        await rm(folder, { recursive: true });
      },
    };
  },
  without: {
    delete: "what was written stays",
    untag: "what was written stays",
  },
});
