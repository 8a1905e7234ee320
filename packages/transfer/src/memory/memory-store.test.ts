import { describeTarget } from "../testing/target-contract.test-kit.ts";
import { createMemoryStore } from "./memory-store.ts";

describeTarget("memory", { create: () => ({ target: createMemoryStore() }) });
