import { createRemoteRegistry } from "@berth/client";
import { describeRegistry } from "@berth/oci/testing";
import { describe, test } from "vitest";
import { startOwnRegistry } from "./support/own-registry.ts";

describeRegistry("remote, over HTTP", {
  describe,
  test,
  async create() {
    const server = await startOwnRegistry();
    const registry = createRemoteRegistry(server.host);
    return {
      registry,
      async dispose() {
        await registry.close();
        await server.close();
      },
    };
  },
});
