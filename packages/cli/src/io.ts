import type { Readable, Writable } from "node:stream";

/** A stream that may be a terminal, and may have a descriptor of the system. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly fd?: number;
  /** Of a terminal, in characters. */
  readonly columns?: number;
  readonly rows?: number;
};

/** The world as a command sees it; tests hand in their own. */
export interface CommandIo {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Data only. */
  readonly stdout: OutputStream;
  /** Everything said to a person. */
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user or the system asks the process to stop. */
  readonly signal: AbortSignal;
}
