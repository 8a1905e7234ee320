import type { CallOptions, Descriptor, Fetcher } from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";

/** Bytes of an image config, at most. */
export const MAX_CONFIG_BYTES = 8_388_608;

/** Reads up to `maxBytes` of a blob, whole and checked. @throws {LimitExceededError} over 4 MiB or `maxBytes`. */
export async function fetchBytes(
  source: Fetcher,
  target: Descriptor,
  { signal, maxBytes }: CallOptions & { readonly maxBytes?: number },
): Promise<Uint8Array> {
  const call = signal === undefined ? {} : { signal };
  return await readAllVerified(await source.fetch(target, call), target, { ...call, ...(maxBytes !== undefined && { maxBytes }) });
}
