import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { addCompressionFlags, compressionOptions, type CompressionFlags } from "../change/compression-flags.ts";
import { MADE_FIELDS, makeNew } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { addWhichFlags, ATTACHED_TEXT, platformsOf, type WhichFlags } from "../change/which-flags.ts";
import { layerLimits, type LimitFlags } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface FlattenFlags extends ResultFlags, WhichFlags, CompressionFlags, LimitFlags {}

/** `berth flatten`. */
export function flattenCommand(options: RunOptions): Command {
  const command = new Command().argument("<reference>", "an image; of an index every image is flattened");
  addResultFlags(addWhichFlags(addCompressionFlags(command))).action(
    act(options, async (session, text: string, flags: FlattenFlags) => {
      const { flattenImage } = await import("@berth/transfer");
      await makeNew(
        session,
        text,
        flags,
        async ({ from, into, descriptor, options: edit }) =>
          await flattenImage(from, descriptor, into, {
            ...edit,
            ...platformsOf(flags),
            ...compressionOptions(flags),
            ...layerLimits(flags),
          }),
        { platform: flags.platform },
      );
    }),
  );
  return addHelp(command, {
    text: [
      "Makes one layer of all layers: what upper layers removed or replaced is gone, and with it the layers that other images share.",
      "`berth export` gives the files themselves. Without --tag, --replace and --output the result has no tag.",
      ATTACHED_TEXT,
    ].join("\n"),
    examples: [
      ["berth flatten --tag v1-flat localhost:5000/app:v1", "under a tag of its own"],
      ["berth flatten --compression zstd --platform linux/arm64 -o oci:images:flat localhost:5000/app:v1", "one image, into a layout"],
      ["berth flatten --dry-run localhost:5000/app:v1", "only tell the digest that it would have"],
    ],
    output: MADE_FIELDS,
  });
}
