import { createRegistry } from "@berth/registry";
import { describeTarget } from "./target-contract.test-kit.ts";

describeTarget("the server's repository, in process", {
  async create() {
    const registry = await createRegistry();
    return { target: registry.repository("a/b"), dispose: async () => await registry.close() };
  },
});
