/** Work that is done once, whoever asks for it. What failed is begun anew by the next one who asks. */
export class SharedWork<K, V> {
  readonly #works = new Map<K, Work<V>>();

  /** What comes of the work. When the signal of who began it ended it, those who wait for it begin it again. */
  async get(key: K, signal: AbortSignal | undefined, begin: () => Promise<V>): Promise<V> {
    for (;;) {
      signal?.throwIfAborted();
      const work = this.#works.get(key) ?? { result: begin(), signal };
      this.#works.set(key, work);
      try {
        return await work.result;
      } catch (error) {
        if (this.#works.get(key) === work) this.#works.delete(key);
        if (work.signal === signal || work.signal?.aborted !== true) throw error;
      }
    }
  }
}

interface Work<V> {
  readonly result: Promise<V>;
  /** Of who began it. */
  readonly signal: AbortSignal | undefined;
}
