import type { Digest } from "@berth/oci";
import { digestOf } from "@berth/oci/node";

/**
 * The chainID of each layer: it names the layer together with all those below it.
 *
 * @param diffIds of the layers, the base layer first.
 * @see OCI image-spec, config.md, "Layer ChainID"
 */
export function chainIds(diffIds: readonly Digest[]): readonly Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
