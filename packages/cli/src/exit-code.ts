/** What the process answers to the shell; `berth help exit-codes` explains them. */
export const EXIT_CODE = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Credentials are missing, wrong, or do not suffice. */
  auth: 3,
  notFound: 4,
  /** Something is there already, or may not be changed. */
  conflict: 5,
  /** Content is not what it should be. */
  invalid: 6,
  /** The network, or who is at its other end. */
  unavailable: 7,
  rateLimited: 8,
  /** Some of many things failed. */
  partial: 9,
  interrupted: 130,
  /** Nobody reads standard output any more. */
  readerGone: 141,
} as const;

/** Carries the exit code of a command out of the argument parser. */
export class CommandFailure extends Error {
  /** One of {@link EXIT_CODE}. */
  readonly exitCode: number;

  /** An empty message: everything was said already. */
  constructor(exitCode: number, message: string = "") {
    super(message);
    this.name = "CommandFailure";
    this.exitCode = exitCode;
  }
}
