import { type Descriptor, digestAlgorithm } from "@berth/oci";
import { digestOf } from "@berth/oci/node";

/** Content that the descriptor carries itself; undefined when it carries none, or not what it promises. @see OCI image-spec, descriptor.md, `data` */
export function inlineContent({ data, digest, size }: Descriptor): Uint8Array | undefined {
  if (data === undefined || data.length !== Math.ceil(size / 3) * 4) return undefined;
  const bytes = Buffer.from(data, "base64");
  return bytes.byteLength === size && digestOf(bytes, digestAlgorithm(digest)) === digest ? bytes : undefined;
}
