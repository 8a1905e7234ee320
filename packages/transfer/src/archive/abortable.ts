import type { ByteSource } from "@berth/oci";

/** The same content, but waiting for it ends with the signal's reason, even when the source itself never moves again. */
export async function* abortable(content: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if (signal === undefined) {
    yield* content;
    return;
  }
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => undefined); // it is raced with, or nobody waits any more
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const chunks = content[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted]);
      if (next.done === true) break;
      yield next.value;
    }
    ended = true;
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!ended) chunks.return?.()?.catch(() => undefined); // not waited for: it may hang, which is why we leave
  }
}
