import { createHash, createHmac } from "node:crypto";
import type { Credential } from "@berth/client";
import type { Digest } from "@berth/oci";
import type { RepositoryPlace } from "./source-store.ts";

/** Marks what was reached with a credential. */
export interface SourceMarker {
  /** The mark of content in a repository; undefined for nobody's credentials. */
  mark(digest: Digest, place: RepositoryPlace): string | undefined;
}

/**
 * Makes the marks for a credential: an HMAC of content and repository, keyed with a hash of the credential. So it can be told later
 * whether the credentials of that day reached it. Neither they nor the key are stored; but whoever reads a mark can try guesses at a weak
 * password against it, so marks belong into a file that nobody else reads.
 *
 * @see moby, metadata.ComputeV2MetadataHMAC
 */
export function createSourceMarker(credential: Credential | undefined): SourceMarker {
  const { username = "", password = "", refreshToken = "", accessToken = "" } = credential ?? {};
  const parts = [username, password, refreshToken, accessToken];
  if (parts.every((part) => part === "")) return { mark: () => undefined };
  const key = createHash("sha256").update(JSON.stringify(parts)).digest();
  return {
    mark: (digest, { registry, repository }) => createHmac("sha256", key).update(`${digest}${registry}/${repository}`).digest("hex"),
  };
}
