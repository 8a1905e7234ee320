import type { Descriptor } from "@berth/oci";
import type { CopyGraphOptions } from "../copy/options.ts";
import type { SourceMarker } from "./mark-source.ts";
import { rankSources } from "./rank-sources.ts";
import type { RepositoryPlace, SourceStore } from "./source-store.ts";

/** A repository that a copy reads or writes, and who we are there. */
export interface MarkedPlace extends RepositoryPlace {
  readonly marker: SourceMarker;
}

/** The ends of a copy that are repositories of registries. */
export interface CopyPlaces {
  /** Absent: it is none. */
  readonly source?: MarkedPlace;
  /** Absent: it is none. */
  readonly destination?: MarkedPlace;
}

/**
 * What a copy is told and asked for repositories to be remembered: every piece of content that it met is noted for both ends, known
 * repositories are offered for mounts, and those that did not give what was asked for are forgotten.
 *
 * @see moby, distribution/push_v2.go
 */
export function sourceHooks(
  store: SourceStore,
  { source, destination }: CopyPlaces,
): Pick<CopyGraphOptions, "mountCandidates" | "onCopied" | "onExisting" | "onMounted" | "onMountRefused"> {
  const places = [source, destination].filter((place) => place !== undefined);
  const note = ({ digest }: Descriptor): void => {
    for (const place of places) noteSource(store, place, digest);
  };
  const reading = { onCopied: note, onExisting: note, onMounted: note };
  if (destination === undefined) return reading;
  const { registry, marker } = destination;
  return {
    ...reading,
    mountCandidates: async (blob) => {
      const known = await store.find(blob.digest);
      const isHere = known.some((one) => one.registry === registry && one.repository === destination.repository);
      return [...(isHere ? [destination.repository] : []), ...rankSources(known, destination, blob, marker)];
    },
    onMountRefused: ({ digest }, repository, reason) => {
      // Who has not said who he is was told nothing about that repository.
      const isAnonymous = marker.mark(digest, { registry, repository }) === undefined;
      if (reason !== "unauthorized" || !isAnonymous) store.forget(digest, { registry, repository });
    },
  };
}

/** Notes that a repository holds content. */
export function noteSource(store: SourceStore, { registry, repository, marker }: MarkedPlace, digest: Descriptor["digest"]): void {
  const mark = marker.mark(digest, { registry, repository });
  store.note(digest, { registry, repository, ...(mark !== undefined && { mark }) });
}

/** True when a repository was seen to hold content with the credentials of today. */
export async function hasSeen(
  store: SourceStore,
  { registry, repository, marker }: MarkedPlace,
  digest: Descriptor["digest"],
): Promise<boolean> {
  const known = await store.find(digest);
  const mark = marker.mark(digest, { registry, repository });
  return known.some((one) => one.registry === registry && one.repository === repository && one.mark === mark);
}
