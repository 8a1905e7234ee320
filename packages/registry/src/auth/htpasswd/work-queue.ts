import { LoginBusyError } from "./errors.ts";

/**
 * Runs few jobs at a time and keeps few waiting. bcrypt borrows the threads that file access needs: a flood of
 * logins must wait for its turn, and past a point be told so.
 */
export class WorkQueue {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ maxRunning, maxWaiting }: { readonly maxRunning: number; readonly maxWaiting: number }) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  /** @throws {LoginBusyError} when too many wait already. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#maxRunning) {
      if (this.#waiting.length >= this.#maxWaiting) throw new LoginBusyError(this.#waiting.length);
      // The one who wakes us hands over its own place, so nobody can slip in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
