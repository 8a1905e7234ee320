import type { IndexChanges } from "@berth/transfer";
import type { Session } from "../session/session.ts";
import { indexEdits, type IndexFlags } from "./index-flags.ts";
import { makeNew } from "./make-new.ts";
import type { ResultFlags } from "./result-flags.ts";

/**
 * Makes an index of the one that a text names, with these entries and what flags say of it, and moves the tag to it; prints it.
 *
 * @throws as {@link makeNew} @throws {NotFoundError} for a subject that is not there.
 */
export async function changeIndex(
  session: Session,
  text: string,
  flags: ResultFlags & IndexFlags,
  entries: Pick<IndexChanges, "keepPlatforms" | "remove">,
): Promise<void> {
  const { editIndex } = await import("@berth/transfer");
  await makeNew(
    session,
    text,
    flags,
    async ({ place, from, into, descriptor, options }) =>
      await editIndex(from, descriptor, { ...(await indexEdits(session, place.location, flags)), ...entries }, into, options),
    { replaces: true },
  );
}
