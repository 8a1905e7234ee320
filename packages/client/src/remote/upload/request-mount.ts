import type { Digest } from "@berth/oci";
import { AuthError, ResponseError } from "../../errors.ts";
import { type UploadRoute, UploadSession } from "./session.ts";

/** What came of asking for a mount. */
export type MountAnswer =
  | { readonly kind: "mounted" }
  | { readonly kind: "started"; readonly session: UploadSession }
  | { readonly kind: "refused"; readonly error: unknown };

/** Answers that say nothing about the mount. */
const NOT_ABOUT_MOUNTS: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Asks the registry to take a blob over from another repository. A registry that cannot, or does not let us, starts an upload, or refuses:
 * with 401 or 403 when the other repository may not be read, 404 or 405 when it knows no mounts.
 */
export async function requestMount(
  route: UploadRoute,
  mount: { readonly digest: Digest; readonly from: string | undefined },
  signal: AbortSignal | undefined,
): Promise<MountAnswer> {
  try {
    const session = await UploadSession.start(route, { mount, signal });
    return session === undefined ? { kind: "mounted" } : { kind: "started", session };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { kind: "refused", error };
  }
}

function isRefusal(error: unknown): boolean {
  if (error instanceof AuthError) return true; // no token for both repositories
  return error instanceof ResponseError && error.status >= 400 && error.status < 500 && !NOT_ABOUT_MOUNTS.has(error.status);
}
