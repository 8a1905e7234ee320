import type { CallOptions } from "@berth/oci";
import type { Location } from "@berth/transfer/location";
import { withPlace } from "../connect/place.ts";
import { isMissing } from "../errors/is-missing.ts";
import type { Session } from "../session/session.ts";
import { placeName } from "./sync-pair.ts";

/** The tags that a destination has; none where nothing is yet. */
export async function destinationTags(session: Session, destination: Location, call: CallOptions): Promise<readonly string[]> {
  try {
    return await withPlace(session, placeName(destination), async ({ target }) => await Array.fromAsync(target.tags?.(call) ?? []), {
      side: "to",
    });
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && "code" in error && error.code === "ERR_LAYOUT_NOT_FOUND")) return [];
    throw error;
  }
}
