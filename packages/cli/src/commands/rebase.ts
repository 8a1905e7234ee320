import { isIndexMediaType, UnsupportedError } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { type BaseNames, openBases } from "../change/image-base.ts";
import { MADE_FIELDS, makeNew } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import type { WhichFlags } from "../change/which-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface RebaseFlags extends ResultFlags, BaseNames, Pick<WhichFlags, "platform"> {}

/** `berth rebase`. */
export function rebaseCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image")
    .option("--old-base <reference>", "what it stands on; default: what its annotations say")
    .option("--new-base <reference>", "what it is to stand on; default: what the name in its annotations names now")
    .addOption(platformOption("of an index, take the image for this platform"));
  addResultFlags(command).action(
    act(options, async (session, text: string, flags: RebaseFlags) => {
      const { rebaseImage } = await import("@berth/transfer");
      await makeNew(
        session,
        text,
        flags,
        async ({ place, from, into, descriptor, options: edit }) => {
          if (isIndexMediaType(descriptor.mediaType)) throw new UnsupportedError("rebase an index: choose an image of it with --platform");
          await using bases = await openBases(session, place, descriptor, flags);
          return await rebaseImage(from, descriptor, into, { ...edit, oldBase: bases.oldBase, newBase: bases.newBase });
        },
        { platform: flags.platform },
      );
    }),
  );
  return addHelp(command, {
    text: [
      "Moves the upper layers of an image to another base, without building it again: after a fix in the base, say. Whether they run there is",
      "for you to know. The result is annotated with its base, so that the next rebase needs to be told neither. An image that does not stand",
      "on the old base is refused. Without --tag, --replace and --output the result has no tag.",
    ].join("\n"),
    examples: [
      ["berth rebase --old-base debian:12.4 --new-base debian:12.5 --tag v1.1 localhost:5000/app:v1", "from one base to another"],
      ["berth rebase --replace localhost:5000/app:v1", "to what its annotations name now"],
      ["berth rebase --dry-run localhost:5000/app:v1", "has the base changed? the digest says so"],
    ],
    output: MADE_FIELDS,
  });
}
