/** What the process answers to the shell. */
export const EXIT_CODE = {
  ok: 0,
  failure: 1,
  usage: 2,
  interrupted: 130,
} as const;

/** Carries the exit code of a command out of the argument parser. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  /** An empty message: everything was said already. */
  constructor(exitCode: number, message: string = "") {
    super(message);
    this.name = "CommandFailure";
    this.exitCode = exitCode;
  }
}
