import type { CallOptions, Descriptor } from "@berth/oci";
import type { LayerLimits } from "@berth/transfer";
import type { Place } from "../connect/place.ts";

/** Options of {@link verifyLayers}. */
export interface VerifyOptions extends CallOptions {
  /** What layers may hold; default those that {@link LayerLimits} names. */
  readonly limits?: LayerLimits;
}

/**
 * Reads all that belongs to an image or index, unpacks its layers and holds them against its config. Artifacts are read.
 *
 * @throws what is wrong with the first thing that is wrong.
 */
export async function verifyLayers({ target }: Pick<Place, "target">, root: Descriptor, call: VerifyOptions): Promise<void> {
  const { validateImage } = await import("@berth/transfer");
  const { problems } = await validateImage(target, root, { ...call, depth: "layers", maxProblems: 1 });
  const [first] = problems;
  if (first !== undefined) throw first.error;
}
