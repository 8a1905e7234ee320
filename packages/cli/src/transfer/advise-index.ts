import { AdvisedError } from "../errors/advised-error.ts";
import type { CopyFlags } from "./copy-flags.ts";

const ADVICE =
  "the registry wants every image of an index: copy one image with --platform, or make a smaller index first: berth index filter";

/** Copies, and says what helps where a registry refuses an index because images are left out of the copy. */
export async function adviseOnIndex<T>({ platforms, indexOnly }: CopyFlags, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((platforms === undefined && indexOnly !== true) || !(error instanceof Error)) throw error;
    const { classifyError } = await import("@berth/transfer/errors");
    throw classifyError(error).code === "MANIFEST_BLOB_UNKNOWN" ? new AdvisedError(error, ADVICE) : error;
  }
}
