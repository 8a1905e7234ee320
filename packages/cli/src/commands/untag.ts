import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { parsePlace } from "../connect/parse-place.ts";
import type { DeleteFlags } from "../content/confirm-delete.ts";
import { REMOVED_FIELDS, removeMany } from "../content/remove-many.ts";
import { checkTag, removeTag } from "../content/remove-tag.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { keepGoingOption } from "../transfer/batch.ts";

/** `berth untag`. */
export function untagCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference...>", "tags to take away; what they name stays")
    .option("--dry-run", "only say what would be done")
    .option("--ignore-missing", "what is not there is no failure")
    .addOption(keepGoingOption())
    .action(
      act(options, async (session, references: string[], flags: DeleteFlags) => {
        for (const text of references) checkTag(parsePlace(text)); // before the first of them is gone
        await removeMany(session, references, flags, removeTag);
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet"));
  return addHelp(command, {
    examples: [
      ["berth untag localhost:5000/app:old", "take a tag away"],
      ["berth untag oci:folder:old", "in an OCI layout"],
    ],
    output: {
      "removed[].kind": "tag",
      ...Object.fromEntries(Object.entries(REMOVED_FIELDS).filter(([name]) => !/^removed\[\]\.(?!reference)/.test(name))),
    },
  });
}
