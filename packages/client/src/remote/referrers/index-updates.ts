import type { CallOptions, Descriptor, Digest, ReferrersChange } from "@berth/oci";
import type { RepositoryContext } from "../context.ts";
import { SharedCall } from "./shared-call.ts";
import { updateTagIndex } from "./update-index.ts";

/** Changes that are written together, and those who wait for it. */
interface Batch {
  readonly changes: ReferrersChange[];
  readonly call: SharedCall<void>;
  isOpen: boolean;
}

/**
 * Changes of the indexes of one repository, one at a time for each subject. Changes that come while one runs wait for it and are then
 * written together.
 */
export class IndexUpdates {
  readonly #context: RepositoryContext;
  /** The last batch of each subject that is not done. */
  readonly #last = new Map<Digest, Batch>();

  constructor(context: RepositoryContext) {
    this.#context = context;
  }

  /** Makes a change. What a caller asked for that does not wait any more may happen all the same. */
  async make(subject: Descriptor, change: ReferrersChange, options: CallOptions): Promise<void> {
    options.signal?.throwIfAborted();
    const last = this.#last.get(subject.digest);
    const batch = last?.isOpen && !last.call.isAbandoned ? last : this.#follow(subject, last);
    batch.changes.push(change);
    await batch.call.join(options.signal);
  }

  #follow(subject: Descriptor, previous: Batch | undefined): Batch {
    const changes: ReferrersChange[] = [];
    const batch: Batch = {
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
          await updateTagIndex(this.#context, subject, takeChanges, signal);
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
