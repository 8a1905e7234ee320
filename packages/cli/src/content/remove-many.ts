import type { CallOptions } from "@berth/oci";
import { parsePlace } from "../connect/parse-place.ts";
import { type Place, withPlace } from "../connect/place.ts";
import type { Session } from "../session/session.ts";
import { Batch } from "../transfer/batch.ts";
import type { DeleteFlags } from "./confirm-delete.ts";
import type { Removed } from "./remove.ts";

/** Descriptions of the fields of `--format json`, for help. */
export const REMOVED_FIELDS: Readonly<Record<string, string>> = {
  "removed[].kind": "tag or manifest",
  "removed[].reference": "what went; with --dry-run what would go",
  "removed[].tags": "of a manifest: the tags that go with it, as far as they could be found",
  "removed[].indexes": "of a manifest: tags of indexes that list it, and stay",
  "removed[].unseen": "of a manifest: why there may be more of them; not when there are none",
  "removed[].referrers": "of a manifest: what refers to it, and stays",
  "failures[].source": "what could not be removed, with --keep-going",
  "failures[].class": "what the failure means, with code, message, registry, status and hint",
  dryRun: "true, when nothing was done",
};

/** Takes away what a place names. @returns what went. */
export type Remove<F extends DeleteFlags> = (session: Session, place: Place, flags: F, call: CallOptions) => Promise<readonly Removed[]>;

/** Takes away what references name, one after the other, and tells what went. @throws {CommandFailure} */
export async function removeMany<F extends DeleteFlags>(
  session: Session,
  references: readonly string[],
  flags: F,
  remove: Remove<F>,
): Promise<void> {
  for (const text of references) parsePlace(text); // one that cannot be is told before the first is gone
  const batch = new Batch(session, flags);
  const removed: Removed[] = [];
  let isThrough = false;
  try {
    for (const text of references) {
      await batch.attempt(text, async () => {
        await withPlace(session, text, async (place, call) => void removed.push(...(await remove(session, place, flags, call))));
      });
    }
    isThrough = true;
  } finally {
    const failures = batch.failures;
    // to people it was told on the way
    if (session.format.kind !== "text" && (isThrough || removed.length + failures.length > 0))
      await session.print({ data: { removed, failures, ...(flags.dryRun === true && { dryRun: true }) }, text: () => "" });
  }
  batch.end(references.length);
}
