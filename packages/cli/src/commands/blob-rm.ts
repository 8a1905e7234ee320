import { UnsupportedError } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { statBlob } from "../content/blob-place.ts";
import { type DeleteFlags, mayDelete } from "../content/confirm-delete.ts";
import { isMissing } from "../errors/is-missing.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { addDeleteFlags } from "../flags/delete-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

/** `berth blob rm`. */
export function blobRmCommand(options: RunOptions): Command {
  const command = new Command().argument("<reference>", "a blob: HOST/NAME@DIGEST").action(
    act(options, async (session, text: string, flags: DeleteFlags) => {
      await withPlace(session, text, async (place, call) => {
        if (place.repository === undefined) throw new UnsupportedError(`delete a blob of "${place.name}"`);
        try {
          const descriptor = await statBlob(place, call);
          if (!(await mayDelete(session, `blob ${place.describe()}, which images may need`, flags))) return;
          await place.repository.blobs.delete(descriptor, call);
          session.say(`Deleted ${place.describe()}`);
        } catch (error) {
          if (flags.ignoreMissing !== true || !isMissing(error)) throw error;
          session.say(`${place.describe()} is not there`);
        }
      });
    }),
  );
  addRegistryFlags(addOutputFlags(addDeleteFlags(command), "quiet"));
  return addHelp(command, {
    text: "Registries collect blobs that nothing needs by themselves. Nobody checks whether an image needs this one.",
    examples: [["berth blob rm -f localhost:5000/app@sha256:...", "take a blob out of a repository"]],
  });
}
