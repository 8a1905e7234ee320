import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "@berth/client";

/** The same connection, with no more than so many requests a second: each waits for its turn. */
export function throttled(connection: Connection, requestsPerSecond: number, now: () => number = () => performance.now()): Connection {
  const gapMs = 1000 / requestsPerSecond;
  let next = 0;
  return {
    ...connection,
    async send(request) {
      const at = Math.max(next, now());
      next = at + gapMs;
      const waitMs = at - now();
      if (waitMs > 0) await sleep(waitMs, undefined, request.signal ? { signal: request.signal } : {});
      return await connection.send(request);
    },
    close: (options) => connection.close(options),
  };
}
