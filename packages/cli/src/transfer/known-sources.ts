import { join } from "node:path";
import type { RemoteRepository } from "@berth/client";
import { type Descriptor, isManifestMediaType } from "@berth/oci";
import type { CopyGraphOptions, MarkedPlace, SourceMarker, SourceStore } from "@berth/transfer";
import type { Session } from "../session/session.ts";
import { stateFolder } from "./upload-journal.ts";

/** Bytes of the file, at most: thousands of blobs, and still read in the time of a request or two. */
const MAX_BYTES = 1_048_576;

/** What a copy is given to use and add to what is known. */
export type SourceHook = "mountCandidates" | "onCopied" | "onExisting" | "onMounted" | "onMountRefused";

/** The ends of a copy, where they are repositories of registries. */
export interface CopyEnds {
  /** Undefined: a layout, an archive or files. */
  readonly source?: RemoteRepository | undefined;
  /** Undefined: a layout or an archive. */
  readonly destination?: RemoteRepository | undefined;
}

/**
 * Which repositories were seen to hold which blobs, by this run and those before it, so that uploads can be mounted from there. It is kept
 * beside the uploads that are not over, is read when the first blob is to be sent, and written when something was learned. What cannot be
 * read or written there costs bytes, and nothing else.
 */
export class KnownSources {
  readonly #session: Session;
  readonly #file: string | undefined;
  #store: SourceStore | undefined;

  constructor(session: Session) {
    this.#session = session;
    const folder = stateFolder(session.io.env);
    this.#file = folder && join(folder, "sources.json");
  }

  /** Options of a copy that make it use what is known, and add to it. */
  async hooksFor({ source, destination }: CopyEnds): Promise<Pick<CopyGraphOptions, SourceHook>> {
    if (this.#file === undefined || (source ?? destination) === undefined) return {};
    const { createSourceMarker, openSourceStore, sourceHooks } = await import("@berth/transfer");
    this.#store ??= openSourceStore(this.#file, { maxBytes: MAX_BYTES });
    const { connections } = this.#session;
    const placeOf = ({ registry, name, connection }: RemoteRepository): MarkedPlace => {
      // who we are is not known before a registry asked
      const mark: SourceMarker["mark"] = (...content) => createSourceMarker(connections.shownOver(connection)).mark(...content);
      return { registry, repository: name, marker: { mark } };
    };
    const places = { ...(source && { source: placeOf(source) }), ...(destination && { destination: placeOf(destination) }) };
    const { onCopied, onExisting, ...hooks } = sourceHooks(this.#store, places);
    return { ...hooks, ...(onCopied && { onCopied: ofBlob(onCopied) }), ...(onExisting && { onExisting: ofBlob(onExisting) }) };
  }

  /** Keeps what was learned. Never fails. */
  async remember(): Promise<void> {
    await this.#store?.flush();
  }
}

/** Manifests are not mounted: where nothing but those was looked at there is nothing to keep. */
function ofBlob(tell: (descriptor: Descriptor) => void): (descriptor: Descriptor) => void {
  return (descriptor) => isManifestMediaType(descriptor.mediaType) || tell(descriptor);
}
