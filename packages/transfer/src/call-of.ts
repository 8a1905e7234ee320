import type { CallOptions } from "@berth/oci";

/** What is passed on to calls within an operation. */
export function callOf({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}
