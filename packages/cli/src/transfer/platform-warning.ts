import { formatPlatform } from "@berth/oci";
import type { CopyOptions } from "@berth/transfer";
import type { Session } from "../session/session.ts";

/** Of many images it is usual that one is not for all platforms that are wanted: that is a warning. */
export function platformWarning({ warnings }: Session): NonNullable<CopyOptions["onPlatformMissing"]> {
  return ({ digest }, platform) => warnings.add(`index "${digest}" has no image for ${formatPlatform(platform)}`);
}
