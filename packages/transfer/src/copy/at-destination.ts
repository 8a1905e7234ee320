import { ResponseError } from "@berth/client";
import type { Descriptor } from "@berth/oci";
import { atStep } from "./errors.ts";
import type { CopyOperation } from "./operation.ts";

/** Statuses with which registries refuse to be asked for a manifest that may be pushed all the same. */
const REFUSALS: ReadonlySet<number> = new Set([403, 405]);

/** True when a registry does not say what it has: who may push need not be allowed to look. @see go-containerregistry, remote.writer */
export function isLookRefused(error: unknown): boolean {
  return error instanceof ResponseError && REFUSALS.has(error.status);
}

/** Whether the destination has a manifest. One that does not say is sent it. */
export async function isAtDestination({ destination, signal }: CopyOperation, target: Descriptor): Promise<boolean> {
  return await atStep("push", "destination", target, signal, async () => {
    try {
      return await destination.exists(target, { signal });
    } catch (error) {
      if (isLookRefused(error)) return false;
      throw error;
    }
  });
}
