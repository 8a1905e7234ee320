import { canAsk, confirm } from "../connect/ask.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";

/** Flags of everything that takes something away. */
export interface DeleteFlags {
  /** `--force`: nobody is asked. */
  readonly force?: boolean;
  /** `--dry-run`: what would be deleted is told, and stays. */
  readonly dryRun?: boolean;
  /** `--ignore-missing`: what is not there is no error. */
  readonly ignoreMissing?: boolean;
  /** Of several, whether the rest goes when one does not. */
  readonly keepGoing?: boolean;
}

/**
 * Whether to go on: with `--force`, or when somebody at a terminal says yes. Who says no ends it. `--dry-run` only says what would be done.
 *
 * @param what fits behind "delete": `manifest sha256:... of localhost:5000/app`.
 * @throws {CommandFailure} when nobody can be asked, exit code 2; when the answer is no, exit code 1.
 */
export async function mayDelete(session: Session, what: string, { force, dryRun }: DeleteFlags): Promise<boolean> {
  const { io } = session;
  if (dryRun === true) {
    if (session.format.kind === "text") io.stdout.write(`would delete ${what}\n`);
    else session.say(`would delete ${what}`);
    return false;
  }
  if (force === true) return true;
  if (!canAsk(io))
    throw new CommandFailure(EXIT_CODE.usage, `will not delete ${what} unasked: add --force, or --dry-run to see what would be done`);
  if (await confirm(io, `Delete ${what}?`)) return true;
  throw new CommandFailure(EXIT_CODE.failure, "nothing was deleted");
}
