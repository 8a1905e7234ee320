import { type ByteSource, bytesSource, type Target } from "@berth/oci";
import type { ImageGraph } from "@berth/testkit/images";

/** Pushes what a manifest needs, then the manifest, and names it. */
export async function pushGraphTo(target: Target, graph: ImageGraph, tag?: string): Promise<void> {
  for (const child of graph.children) await pushGraphTo(target, child);
  for (const { descriptor, bytes } of [...graph.blobs, graph.manifest]) await target.push(descriptor, bytesSource(bytes));
  if (tag !== undefined) await target.tag(graph.manifest.descriptor, tag);
}

/** All bytes as text. */
export async function textOf(content: ByteSource): Promise<string> {
  return Buffer.concat(await Array.fromAsync(content)).toString();
}
