import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { removeFrom, type RemoveFlags } from "../content/remove.ts";
import { REMOVED_FIELDS, removeMany } from "../content/remove-many.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { addDeleteFlags, cascadeOption } from "../flags/delete-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { keepGoingOption } from "../transfer/batch.ts";

/** `berth manifest rm`. */
export function manifestRmCommand(options: RunOptions): Command {
  const command = new Command().argument("<reference...>", "manifests to delete, by digest or tag").action(
    act(options, async (session, references: string[], flags: RemoveFlags) => {
      await removeMany(session, references, { ...flags, manifest: true }, removeFrom);
    }),
  );
  addRegistryFlags(addOutputFlags(addDeleteFlags(command.addOption(cascadeOption()).addOption(keepGoingOption())), "format", "quiet"));
  return addHelp(command, {
    text: "A manifest goes with all of its tags; `berth rm` takes single tags away.",
    examples: [
      ["berth manifest rm -f localhost:5000/app@sha256:...", "delete a manifest and all of its tags"],
      ["berth manifest rm --dry-run localhost:5000/app:v1", "say which one a tag names"],
    ],
    output: REMOVED_FIELDS,
  });
}
