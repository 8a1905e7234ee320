import { type ByteSource, isReplayable } from "@berth/oci";

/** Lets go of content that is not needed after all: an open stream would hold its connection or file for good. */
export function discardSource(content: ByteSource): void {
  if (!isReplayable(content) && "destroy" in content && typeof content.destroy === "function") content.destroy();
}
