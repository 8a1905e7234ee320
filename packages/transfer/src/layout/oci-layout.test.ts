import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeTarget } from "../testing/target-contract.test-kit.ts";
import { type Durability } from "./durable-files.ts";
import { openLayout } from "./open-layout.ts";

for (const durability of ["none", "full"] satisfies Durability[]) {
  describeTarget(`OCI layout, durability ${durability}`, {
    async create() {
      const folder = await mkdtemp(join(tmpdir(), "berth-layout-"));
      return { target: await openLayout(folder, { create: true, durability }), dispose: () => rm(folder, { recursive: true }) };
    },
  });
}
