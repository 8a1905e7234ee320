import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import type { DeleteFlags } from "../content/confirm-delete.ts";
import { removeBlob } from "../content/remove-blob.ts";
import { removeMany } from "../content/remove-many.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { addDeleteFlags } from "../flags/delete-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

/** `berth blob rm`. */
export function blobRmCommand(options: RunOptions): Command {
  const command = new Command().argument("<reference>", "a blob: HOST/NAME@DIGEST, oci:FOLDER@DIGEST").action(
    act(options, async (session, text: string, flags: DeleteFlags) => {
      await removeMany(session, [text], flags, removeBlob);
    }),
  );
  addRegistryFlags(addOutputFlags(addDeleteFlags(command), "format", "quiet"));
  return addHelp(command, {
    text: [
      "Registries collect blobs that nothing needs by themselves, and `berth gc` does it in a layout. Nobody checks whether an image needs",
      "this one.",
    ].join("\n"),
    examples: [
      ["berth blob rm -f localhost:5000/app@sha256:...", "take a blob out of a repository"],
      ["berth blob rm -f oci:folder@sha256:...", "out of an OCI layout"],
    ],
    output: {
      "removed[].kind": "blob",
      "removed[].reference": "what went; with --dry-run what would go",
      dryRun: "true, when nothing was done",
    },
  });
}
