import { withoutUserinfo } from "@berth/oci";
import { Option } from "commander";
import { type ErrorReport, reportError } from "../errors/error-report.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";

/** `--keep-going`. */
export function keepGoingOption(): Option {
  return new Option("--keep-going", "when something fails go on with the rest; the exit code is 9 then");
}

/** One of many things that failed, as it is told to programs. */
export interface ToldFailure extends Omit<ErrorReport, "exitCode"> {
  /** As it was named. */
  readonly source: string;
}

/** Many things to do, of which some may fail when `--keep-going`, or the command, says so. */
export class Batch {
  /** What failed. */
  readonly failures: ToldFailure[] = [];
  readonly #session: Session;
  readonly #keepGoing: boolean;

  constructor(session: Session, { keepGoing = false }: { readonly keepGoing?: boolean }) {
    this.#session = session;
    this.#keepGoing = keepGoing;
  }

  /** Does one thing. A failure is kept, and warned of; it is thrown when the batch does not keep going, or somebody stopped it. */
  async attempt(subject: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.fail(subject, error);
    }
  }

  /** Takes the failure of one thing: it is kept, and warned of; or thrown when the batch does not keep going, or somebody stopped it. */
  async fail(subject: string, error: unknown): Promise<void> {
    if (!this.#keepGoing || this.#session.signal.aborted) throw error;
    const { exitCode: _, ...report } = await reportError(error, { stopped: false, subject }); // of all of it the code is one
    const source = withoutUserinfo(subject);
    this.failures.push({ source, ...report });
    this.#session.warnings.add(`${source}: ${report.message}`);
  }

  /** Whether it goes on when one thing fails. */
  get keepsGoing(): boolean {
    return this.#keepGoing;
  }

  /** Ends it, when there is nothing to show for it. @throws {CommandFailure} */
  throwIfAll(count: number): void {
    if (count > 0 && this.failures.length >= count) this.end(count);
  }

  /** Ends it. @throws {CommandFailure} when something failed. */
  end(count: number): void {
    const failed = this.failures.length;
    if (failed > 0) throw new CommandFailure(EXIT_CODE.partial, `${failed} of ${count} failed`);
  }
}

/** What failed, as a field of a result: none when nothing did. */
export function failuresOf({ failures }: Batch): { readonly failures?: readonly ToldFailure[] } {
  return failures.length > 0 ? { failures } : {};
}
