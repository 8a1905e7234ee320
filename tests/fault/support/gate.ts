/** Lets a number of workers be brought to rest between two steps. */
export class Gate {
  readonly #workers: number;
  #resting = 0;
  #open: PromiseWithResolvers<void> | undefined;
  #allRest: PromiseWithResolvers<void> | undefined;

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** Called by each worker before a step. */
  async pass(): Promise<void> {
    while (this.#open !== undefined) {
      this.#resting += 1;
      if (this.#resting === this.#workers) this.#allRest?.resolve();
      await this.#open.promise;
      this.#resting -= 1;
    }
  }

  /** Runs `work` while all workers rest. */
  async whileAllRest<T>(work: () => Promise<T>): Promise<T> {
    this.#open = Promise.withResolvers();
    this.#allRest = Promise.withResolvers();
    await this.#allRest.promise;
    try {
      return await work();
    } finally {
      const open = this.#open;
      this.#open = undefined;
      open.resolve();
    }
  }
}
