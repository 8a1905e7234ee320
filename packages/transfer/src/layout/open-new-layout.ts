import { join } from "node:path";
import type { CallOptions } from "@berth/oci";
import { writingTo } from "../no-space.ts";
import { makeFolders } from "./made-folders.ts";
import type { OciLayout } from "./oci-layout.ts";
import { openLayout } from "./open-layout.ts";
import { removeIfEmpty } from "./remove-if-empty.ts";

/** A layout to be written, which may not be there yet. */
export interface NewLayout {
  readonly layout: OciLayout;
  /** Removes the folders that were made for it, if nothing came. */
  leave(): void;
}

/** Opens a layout that is made with the first content. Its folder is made now: where that cannot be it is told before anything is fetched. */
export async function openNewLayout(folder: string, options: CallOptions): Promise<NewLayout> {
  const made = await writingTo(folder, async () => await makeFolders(folder));
  const leave = (): void => {
    removeIfEmpty(join(folder, "ingest")); // what came in part may be in it
    made.leave();
  };
  try {
    return { layout: await openLayout(folder, { ...options, create: "with-content" }), leave };
  } catch (error) {
    leave();
    throw error;
  }
}
