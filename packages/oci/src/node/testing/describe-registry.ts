import type { Registry } from "../../content.ts";
import { blobCases } from "./blob-cases.ts";
import type { ContentCase } from "./case.ts";
import { manifestCases } from "./manifest-cases.ts";

/** An empty registry, for one case. */
export interface RegistrySubject {
  readonly registry: Registry;
  /** Removes the registry and fails when something is left behind. */
  readonly dispose?: () => Promise<void>;
}

/** Options of {@link describeRegistry}; `describe` and `test` are those of Vitest or `node:test`. */
export interface DescribeRegistryOptions {
  describe(name: string, body: () => void): unknown;
  test(name: string, body: () => Promise<void>): unknown;
  /** Makes an empty registry; called for each case. */
  create(): RegistrySubject | Promise<RegistrySubject>;
}

/** All that the contract asks, for those who want to run it by themselves. */
export const registryCases: readonly ContentCase[] = [...blobCases, ...manifestCases];

/**
 * Tests that a registry and its repositories keep the contract of the content interfaces.
 *
 * ```ts
 * import { describeRegistry } from "@berth/oci/testing";
 * import { describe, test } from "vitest"; // or from "node:test"
 *
 * describeRegistry("mine", { describe, test, create: () => ({ registry: createMyRegistry() }) });
 * ```
 */
export function describeRegistry(name: string, options: DescribeRegistryOptions): void {
  options.describe(`registry "${name}"`, () => {
    for (const one of registryCases) {
      options.test(one.title, async () => {
        const { registry, dispose } = await options.create();
        try {
          await one.run(registry);
        } finally {
          await dispose?.();
        }
      });
    }
  });
}
