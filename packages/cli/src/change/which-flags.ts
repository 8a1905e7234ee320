import type { Platform } from "@berth/oci";
import type { Command } from "commander";
import { platformOption } from "../flags/platform.ts";
import { parsePlatforms } from "../transfer/copy-flags.ts";

/** For the help of what changes images: only who built them can attest the results. */
export const ATTACHED_TEXT = "Attestations in an index stay attached to its images as they are: they tell of those before the change.";

/** Flags that say which images of an index are changed. */
export interface WhichFlags {
  readonly platform?: Platform;
  /** `--platforms`: the others stay as they are; default all are changed. */
  readonly platforms?: readonly Platform[];
}

/** Adds them. */
export function addWhichFlags(command: Command): Command {
  return command
    .addOption(platformOption("of an index, take only the image for this platform; the result is an image"))
    .option("--platforms <list>", "of an index, change only the images for these platforms; it keeps the others", parsePlatforms);
}

/** `--platforms`, as an option of the engine. */
export function platformsOf({ platforms }: WhichFlags): { readonly platforms?: readonly Platform[] } {
  return platforms === undefined ? {} : { platforms };
}
