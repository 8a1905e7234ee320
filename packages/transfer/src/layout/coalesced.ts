/** Work that serves all who ask for it before it begins: who asks while it runs shares the next run, which sees everything up to then. */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  return async () => {
    next ??= (async () => {
      await running?.catch(() => undefined); // who asked for that one hears of its error
      running = next;
      next = undefined;
      await work();
    })();
    await next;
  };
}
