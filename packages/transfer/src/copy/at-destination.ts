import { isLookRefused } from "@berth/client";
import type { Descriptor } from "@berth/oci";
import { manifestsFor } from "./abilities.ts";
import { atStep } from "./errors.ts";
import type { CopyOperation } from "./operation.ts";

/** Whether the destination has a manifest. One that does not say is sent it. */
export async function isAtDestination({ destination, signal }: CopyOperation, target: Descriptor): Promise<boolean> {
  return await atStep("push", "destination", target, signal, async () => {
    try {
      return await manifestsFor(destination, target).exists(target, { signal });
    } catch (error) {
      if (isLookRefused(error)) return false;
      throw error;
    }
  });
}
