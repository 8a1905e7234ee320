import { type ByteSource, type Descriptor, type Fetcher, isReplayable, NotFoundError, type Pusher } from "@berth/oci";
import type { TransferSettings } from "../transfer/with-transfer.ts";

/** Content up to this size is sent before anybody could look; bytes. */
const NOT_WORTH_A_LINE = 65_536;

/**
 * The same target, but layers that are pushed to it go as those of a copy do: shown, at the pace that flags say, tried again, and gone on
 * with by the next run.
 */
export function watchedTarget(target: Fetcher & Pusher, pace: TransferSettings): Fetcher & Pusher {
  return {
    fetch: async (wanted, options) => await target.fetch(wanted, options),
    exists: async (wanted, options) => await target.exists(wanted, options),
    async push(expected, content, options) {
      if (!isReplayable(content) || expected.size <= NOT_WORTH_A_LINE) return await target.push(expected, content, options);
      const { copyGraph } = await import("@berth/transfer");
      await copyGraph(
        only(expected, (offset) => content.open(offset)),
        expected,
        target,
        { ...pace, ...options },
      );
    },
  };
}

/** A source that holds one thing. */
function only({ digest }: Descriptor, open: (offset: number) => ByteSource): Fetcher {
  return {
    async fetch(wanted, { offset = 0 } = {}) {
      if (wanted.digest !== digest) throw new NotFoundError("blob", wanted.digest);
      const content = open(offset);
      return { [Symbol.asyncIterator]: () => content[Symbol.asyncIterator](), destroy: () => undefined };
    },
  };
}
