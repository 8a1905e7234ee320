import type { ByteSource } from "@berth/oci";
import { asError } from "../layout/as-error.ts";
import { isStream } from "../memory/discard-source.ts";

/** The same content, but waiting for it ends with the signal's reason, even when the source itself never moves again. */
export async function* abortable(content: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if (signal === undefined) {
    yield* content;
    return;
  }
  signal.throwIfAborted();
  // Of the wait that is on, and of no other: a promise that all waits raced with would remember every one of them.
  let giveUp: (reason: unknown) => void = () => undefined;
  const onAbort = (): void => {
    giveUp(signal.reason);
    if (isStream(content)) content.destroy(asError(signal.reason)); // else it would keep its connection or file
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const chunks = content[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        giveUp = reject;
        chunks.next().then(resolve, reject);
      });
      signal.throwIfAborted(); // a reason that is no error was wrapped by the stream
      if (next.done === true) break;
      yield next.value;
    }
    ended = true;
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!ended) chunks.return?.()?.catch(() => undefined); // not waited for: it may hang, which is why we leave
  }
}
