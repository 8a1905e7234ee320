import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { removeFrom, type RemoveFlags } from "../content/remove.ts";
import { REMOVED_FIELDS, removeMany } from "../content/remove-many.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { addDeleteFlags, cascadeOption } from "../flags/delete-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { keepGoingOption } from "../transfer/batch.ts";

/** `berth rm`. */
export function rmCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference...>", "tags to take away, or digests of manifests to delete")
    .option("--manifest", "delete the manifest that a tag names, with all of its tags")
    .action(
      act(options, async (session, references: string[], flags: RemoveFlags) => {
        await removeMany(session, references, flags, removeFrom);
      }),
    );
  addRegistryFlags(addOutputFlags(addDeleteFlags(command.addOption(cascadeOption()).addOption(keepGoingOption())), "format", "quiet"));
  return addHelp(command, {
    text: [
      "A tag goes alone: what it names stays, and so do its other tags. A manifest goes with all of its tags. One that signatures,",
      "attestations or the like refer to goes with --cascade, which takes them first, or with --force, which leaves them behind.",
    ].join("\n"),
    examples: [
      ["berth rm -f localhost:5000/app:old", "take one tag away"],
      ["berth rm --dry-run --manifest localhost:5000/app:old", "say which manifest would go"],
      ["berth rm -f localhost:5000/app@sha256:...", "delete a manifest and all of its tags"],
      ["berth rm --dry-run --cascade localhost:5000/app:old", "say what would go, one manifest a line"],
      ["berth rm -f --cascade localhost:5000/app:old", "an image with its signatures and attestations"],
      ["berth rm -f oci:folder:old", "take a tag out of an OCI layout"],
    ],
    output: REMOVED_FIELDS,
  });
}
