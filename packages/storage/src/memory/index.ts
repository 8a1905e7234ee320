import { withBase, type BaseOptions } from "../base.ts";
import type { StorageDriver } from "../driver.ts";
import { MemoryDriver } from "./driver.ts";

/** Keeps content in this process, with the semantics of the durable drivers; it is lost when the driver is. For tests and trials. */
export function createMemoryDriver(options: BaseOptions = {}): StorageDriver {
  return withBase(new MemoryDriver(), options);
}
