import { describe, test } from "vitest";
import { describeStorageDriver } from "../testing/index.ts";
import { createMemoryDriver } from "./index.ts";

describeStorageDriver("memory", { describe, test, create: () => createMemoryDriver() });
