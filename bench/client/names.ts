import { join } from "node:path";
import type { Digest } from "@berth/oci";

/** The tag of a number. */
export function tagOf(number: number): string {
  return `t${String(number).padStart(5, "0")}`;
}

/** Where an OCI layout keeps a blob. */
export function layoutPath(layout: string, digest: Digest): string {
  return join(layout, "blobs", digest.replace(":", "/"));
}
