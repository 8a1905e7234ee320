import type { ByteSource, Digest } from "@berth/oci";
import type { TransferAction } from "@berth/transfer";
import type { ProgressView } from "./view.ts";

/** What {@link counted} tells a view about. */
export interface CountedContent {
  /** What the view calls it, the same for all of its events. */
  readonly id: string;
  readonly action: TransferAction;
  /** Bytes in all; 0: unknown. */
  readonly total: number;
}

/** What a view calls a blob. */
export function idOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}

/** The same bytes, a view told of them as they go by. */
export async function* counted(source: ByteSource, view: ProgressView, { id, action, total }: CountedContent): AsyncGenerator<Uint8Array> {
  let current = 0;
  view.take({ id, action, current, total, last: false });
  for await (const chunk of source) {
    current += chunk.byteLength;
    view.take({ id, action, current, total, moved: chunk.byteLength, last: false });
    yield chunk;
  }
  view.take({ id, action: "done", current, total: Math.max(total, current), last: true });
}
