import type { CallOptions, Descriptor, Fetcher, Pusher } from "@berth/oci";
import { copyGraph } from "../copy/copy-graph.ts";

/** Brings content, and all that it points at, from elsewhere to the destination of an edit. */
export type CopyContent = (content: Descriptor, from: Fetcher, options: CallOptions) => Promise<void>;

/** Options of calls that make something new of what there is. */
export interface EditOptions extends CallOptions {
  /** How content that stays as it is gets to the destination; default: {@link copyGraph}. Not asked when source and destination are one. */
  readonly copy?: CopyContent;
}

/** How an edit gets what it leaves alone to its destination. */
export function contentCopier(destination: Pusher, { copy, signal }: EditOptions): (content: Descriptor, from: Fetcher) => Promise<void> {
  const call: CallOptions = signal === undefined ? {} : { signal };
  return async (content, from) => {
    if (Object.is(from, destination)) return;
    if (copy !== undefined) await copy(content, from, call);
    else await copyGraph(from, content, destination, call);
  };
}
