import { type ByteSource, type ByteStream, isReplayable } from "@berth/oci";

/** True for content that is an open stream. */
export function isStream(content: ByteSource): content is ByteStream {
  return "destroy" in content && typeof content.destroy === "function";
}

/** Lets go of content that is not needed after all: an open stream would hold its connection or file for good. */
export function discardSource(content: ByteSource): void {
  if (!isReplayable(content) && isStream(content)) content.destroy();
}
