import { digestOf } from "@berth/oci/node";
import { type ImageGraph, Random, randomImage } from "@berth/testkit/images";
import { packTar } from "@berth/testkit/parts";

/** An image with layers of nonsense. */
export const image: ImageGraph = randomImage(new Random(11));
const layerOf = (name: string): Buffer => packTar([{ path: name, content: Buffer.from(name) }]);

/** A layer. */
export const one: Buffer = layerOf("one");
/** Another layer. */
export const two: Buffer = layerOf("two");
/** Both layers. */
export const tars: readonly Buffer[] = [one, two];

/** The config of an image with both. */
export const config: Buffer = Buffer.from(
  JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) } }),
);
