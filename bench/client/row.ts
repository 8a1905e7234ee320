import type { ClientName } from "./clients.ts";

/** Where a row works. */
export interface Place {
  /** The address of the registry that has the content, with port. */
  readonly host: string;
  /** That of another registry. */
  readonly other: string;
  /** Empty at the start of each run; what is left in it is removed. */
  readonly folder: string;
  /** Never comes twice. */
  readonly run: number;
}

/** Gives a command from a client's program: arguments behind it, or a whole other command that runs it. */
export type CommandOf = (program: readonly string[], place: Place) => readonly string[];

/** How each client does the same work; one that has no way to do it is left out. */
export type Commands = Readonly<Partial<Record<ClientName, CommandOf>>>;

/** One line of the clients' table. */
export interface ClientRow {
  readonly id: string;
  readonly work: string;
  /** What one run moves or does; CPU time is told for that much. */
  readonly amount: { readonly bytes: number } | { readonly operations: number };
  /** What is wanted, in words. */
  readonly target: string;
  /** How the clients do it. */
  readonly note: string;
  /** What is measured of ours: the library, or the command as it is installed. */
  readonly ours: "library" | "command";
  /** Of ours only the work counts: the last of what it does in one process. */
  readonly again?: boolean;
  /** Runs everybody once more and counts what is asked of the registries. */
  readonly counted?: boolean;
  /** Milliseconds of a round trip to the registries; default: none, they are reached over the loopback as they are. */
  readonly roundTripMs?: number;
  /** Left out of quick runs. */
  readonly slow?: boolean;
  /** Makes the content and says what to run. */
  prepare(host: string, folder: string): Promise<Commands>;
}

/** A script that finds the program in `$0`. */
export function shell(script: string, [program = ""]: readonly string[], ...args: readonly string[]): readonly string[] {
  return ["/bin/sh", "-c", script, program, ...args];
}

/** What skopeo is given to read from a registry. */
export const SKOPEO_FROM: readonly string[] = ["copy", "--quiet", "--src-tls-verify=false"];
