import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { addLevelFlag, checkLevel, type CompressionName, compressionOption } from "../change/compression-flags.ts";
import { warnOfDockerZstd } from "../change/docker-zstd.ts";
import { MADE_FIELDS, makeNew } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { addWhichFlags, ATTACHED_TEXT, platformsOf, type WhichFlags } from "../change/which-flags.ts";
import { layerLimits, type LimitFlags } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface RecompressFlags extends ResultFlags, WhichFlags, LimitFlags {
  readonly to: CompressionName;
  readonly level?: number;
}

/** `berth recompress`. */
export function recompressCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image; of an index the layers of every image are compressed anew")
    .addOption(compressionOption("--to <kind>", "how layers are to be compressed").makeOptionMandatory());
  addResultFlags(addWhichFlags(addLevelFlag(command))).action(
    act(options, async (session, text: string, flags: RecompressFlags) => {
      const { to, level } = flags;
      checkLevel(to, level);
      const { recompressLayers } = await import("@berth/transfer");
      await makeNew(
        session,
        text,
        flags,
        async ({ from, into, descriptor, options: edit }) => {
          const made = await recompressLayers(from, descriptor, into, {
            ...edit,
            ...platformsOf(flags),
            ...layerLimits(flags),
            to,
            ...(level !== undefined && { level }),
          });
          if (to === "zstd") await warnOfDockerZstd(session, into, made, edit);
          return made;
        },
        { platform: flags.platform, keepsForm: true },
      );
    }),
  );
  return addHelp(command, {
    text: [
      "What layers hold stays the same, which is checked: the config keeps its digest. Layers that are compressed that way already stay as",
      "they are, unless --level is given. Without --tag, --replace and --output the result has no tag.",
      ATTACHED_TEXT,
    ].join("\n"),
    examples: [
      ["berth recompress --to zstd --tag v1-zstd localhost:5000/app:v1", "smaller, and faster to unpack"],
      ["berth recompress --to gzip -o docker-archive:app.tar:app:v1 localhost:5000/app:v1-zstd", "for programs that know gzip alone"],
      ["berth recompress --to zstd --level 19 --replace oci:images:v1", "as small as can be, in a layout"],
    ],
    output: MADE_FIELDS,
  });
}
