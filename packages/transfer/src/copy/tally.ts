import type { Descriptor } from "@berth/oci";
import { eventId, type TransferAction, type TransferEvent } from "../events.ts";
import { toEngineError } from "../errors.ts";
import type { TransferState } from "../manager/transfer.ts";
import type { CopyOptions, CopyStats } from "./options.ts";

/** Tells of a step of one transfer. */
export type Teller = (action: TransferAction, event?: Partial<TransferEvent>) => void;

/** What a copy did so far: it is counted, and told to those who watch. */
export class CopyTally {
  readonly #options: Pick<CopyOptions, "onCopied" | "onEvent" | "onExisting" | "onSkipped">;
  readonly #action: TransferAction;
  /** What stands in the counts already: a manifest that is put once more, under a tag, is the same one. */
  readonly #counted = new Set<string>();
  readonly #stats: { -readonly [Name in keyof CopyStats]: number } = { copied: 0, mounted: 0, existing: 0, skipped: 0, bytes: 0 };

  /** @param action what content does while it moves. */
  constructor(options: CopyOptions, action: TransferAction) {
    this.#options = options;
    this.#action = action;
  }

  get stats(): CopyStats {
    return { ...this.#stats };
  }

  /** Counts bytes that went over. */
  moved(bytes: number): void {
    this.#stats.bytes += bytes;
  }

  /** True from the second time on. */
  isCounted({ digest }: Descriptor): boolean {
    const isCounted = this.#counted.has(digest);
    this.#counted.add(digest);
    return isCounted;
  }

  /** Counts and tells of what is there now. @param hasRun false when somebody else brought it. */
  copied(target: Descriptor, hasRun: boolean, tell: Teller): void {
    if (hasRun) this.#stats.copied++;
    else this.#stats.existing++;
    tell("done", { current: target.size, last: true });
    this.#options.onCopied?.(target);
  }

  /** Counts and tells of what another repository gave. */
  mounted(target: Descriptor): void {
    this.#stats.mounted++;
    this.tell(target, "mounted", { current: target.size, last: true });
  }

  /** Counts and tells of what was there. */
  existing(target: Descriptor): void {
    this.#counted.add(target.digest);
    this.#stats.existing++;
    this.#options.onExisting?.(target);
    this.tell(target, "exists", { current: target.size, last: true });
  }

  /** Counts and tells of an external layer that is left where it is. */
  skipped(target: Descriptor): void {
    this.#stats.skipped++;
    this.tell(target, "skipped", { last: true, message: "Kept outside of registries" });
    this.#options.onSkipped?.(target);
  }

  /** Tells of a step. */
  tell(target: Descriptor, action: TransferAction, event: Partial<TransferEvent> = {}): void {
    this.#options.onEvent?.({
      id: eventId(target.digest),
      action,
      current: 0,
      total: target.size,
      last: false,
      aux: { digest: target.digest, mediaType: target.mediaType },
      ...event,
    });
  }

  /** Tells of a tag that names a manifest now, in docker's words. @see moby, distribution.PushResult */
  tellTag(target: Descriptor, tag: string): void {
    const { digest, mediaType, size } = target;
    const message = `digest: ${digest} size: ${size}`;
    this.tell(target, "tagged", { id: tag, current: size, last: true, message, aux: { tag, digest, size, mediaType } });
  }

  /** Tells how a transfer stands. */
  tellState(target: Descriptor, state: TransferState, tell: Teller): void {
    if (state.kind === "running") tell(this.#action, { current: state.current });
    else if (state.kind === "waiting") tell("waiting");
    else {
      const why = state.error instanceof Error ? state.error.message : String(state.error);
      const message = `Retrying in ${Math.ceil(state.delayMs / 1000)} seconds: ${why}`;
      tell("retrying", { message, aux: { digest: target.digest, attempt: state.attempt, delayMs: state.delayMs } });
    }
  }
}

/** A failure, for those who watch. */
export function failureOf(error: unknown): Pick<TransferEvent, "class" | "code" | "message"> {
  const { class: found, code, message } = toEngineError(error);
  return { message, class: found, code };
}
