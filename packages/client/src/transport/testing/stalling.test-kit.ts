import { onTestFinished } from "vitest";

/** Makes bodies that stop after these bytes and do not end before the test does. */
export function stallingAfter(bytes: Uint8Array): () => AsyncGenerator<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onTestFinished(() => resolve());
  return async function* stalling() {
    yield bytes;
    await promise;
  };
}
