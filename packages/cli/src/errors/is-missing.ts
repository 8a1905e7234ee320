import { BerthError } from "@berth/oci";

/** True for anything that is not there: in a registry, a layout or an archive. */
export function isMissing(error: unknown): boolean {
  for (let at: unknown = error; BerthError.is(at); at = at.cause) {
    if (at.code === "ERR_NOT_FOUND" || ("status" in at && at.status === 404)) return true;
  }
  return false;
}
