import type { Digest } from "@berth/oci";
import type { ErrorClass } from "../error-classes.ts";

/** What an engine does. */
export type EngineAction = "copy" | "delete" | "pull" | "push" | "resolve" | "tag" | "tags";

/** An operation is over. Holds no secret. */
export interface EngineLogEvent {
  readonly action: EngineAction;
  /** What it was about, normalised where that was possible. */
  readonly reference: string;
  /** Where it went to, when that is somewhere else. */
  readonly destination?: string;
  /** The manifests that it ended with. */
  readonly digests?: readonly Digest[];
  /** Milliseconds from its start to its end. */
  readonly durationMs: number;
  /** Absent: it went well. */
  readonly error?: { readonly class: ErrorClass; readonly code: string; readonly message: string };
}

/**
 * Told once of each operation, well or badly ended. What it throws is lost.
 *
 * @see moby, `ImageEventLogger`
 */
export type EngineLog = (event: EngineLogEvent) => void;
