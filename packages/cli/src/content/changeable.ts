import type { Deleter, Tagger, Untagger } from "@berth/oci";
import type { Location } from "@berth/transfer/location";
import type { Place } from "../connect/place.ts";
import { archiveRefusal } from "../errors/archive-refusal.ts";
import type { Session } from "../session/session.ts";

/** What can be changed in a place. */
export type Changeable = Deleter & Tagger & Untagger;

/** The place as something that can be changed: a repository, or an OCI layout. @throws {AdvisedError} for archives. */
export async function changeable(session: Session, { location, repository, name }: Place): Promise<Changeable> {
  if (repository !== undefined) return repository;
  const folder = folderOf(location);
  if (folder === undefined) throw archiveRefusal(`change "${name}"`);
  const { openLayout } = await import("@berth/transfer");
  return await openLayout(folder, { signal: session.signal });
}

function folderOf(location: Location): string | undefined {
  return location.transport === "oci" ? location.path : undefined;
}
