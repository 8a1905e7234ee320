import type { CallOptions, Descriptor, Digest, ReferrersChange } from "@berth/oci";
import type { RepositoryContext } from "../context.ts";
import { SharedCall } from "../../shared-call.ts";
import { updateTagIndex } from "./update-index.ts";

/** Changes that are written together, and those who wait for it. */
interface Batch {
  readonly context: RepositoryContext;
  readonly changes: ReferrersChange[];
  readonly call: SharedCall<void>;
  isOpen: boolean;
}

/**
 * Changes of the indexes of one repository, one at a time for each subject. Changes that come while one runs wait for it and are then
 * written together.
 */
export class IndexUpdates {
  /** The last batch of each subject that is not done. */
  readonly #last = new Map<Digest, Batch>();

  /** True when nothing is under way. */
  get isIdle(): boolean {
    return this.#last.size === 0;
  }

  /** Makes a change. What a caller asked for that does not wait any more may happen all the same. */
  async make(context: RepositoryContext, subject: Descriptor, change: ReferrersChange, options: CallOptions): Promise<void> {
    options.signal?.throwIfAborted();
    const last = this.#last.get(subject.digest);
    const batch = last?.isOpen && !last.call.isAbandoned && worksAlike(last.context, context) ? last : this.#follow(context, subject, last);
    batch.changes.push(change);
    await batch.call.join(options.signal);
  }

  #follow(context: RepositoryContext, subject: Descriptor, previous: Batch | undefined): Batch {
    const changes: ReferrersChange[] = [];
    const batch: Batch = {
      context,
      changes,
      isOpen: true,
      call: new SharedCall(async (signal) => {
        await previous?.call.settled;
        try {
          signal.throwIfAborted();
          const takeChanges = (): readonly ReferrersChange[] => {
            batch.isOpen = false;
            return changes;
          };
          await updateTagIndex(context, subject, takeChanges, signal);
        } finally {
          batch.isOpen = false;
          if (this.#last.get(subject.digest) === batch) this.#last.delete(subject.digest);
        }
      }),
    };
    this.#last.set(subject.digest, batch);
    return batch;
  }
}

/** Objects for one repository can have been given other options. */
function worksAlike({ connection, settings }: RepositoryContext, other: RepositoryContext): boolean {
  const { maxMetadataBytes, skipReferrersGc } = other.settings;
  return connection === other.connection && settings.maxMetadataBytes === maxMetadataBytes && settings.skipReferrersGc === skipReferrersGc;
}
