import type { OutputStream } from "../io.ts";

/** Warnings in one list are so many at most: who answers a thousand requests may warn a thousand times. */
const MAX_KEPT = 100;

/** Gathers what registries and helpers warn of while a command runs, each text once, to be said when it has ended. */
export class Warnings {
  readonly #texts = new Set<string>();

  /** Keeps a warning, without a full stop. */
  add(text: string): void {
    if (this.#texts.size < MAX_KEPT) this.#texts.add(text);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#texts.clear();
  }

  /** Says all of them, and forgets them. */
  flush(stream: OutputStream): void {
    for (const text of this.#texts) stream.write(`berth: warning: ${text}\n`);
    this.#texts.clear();
  }
}
