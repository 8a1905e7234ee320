import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { statBlob } from "../content/blob-place.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { formatFields } from "../output/table.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

/** `berth blob head`. */
export function blobHeadCommand(options: RunOptions): Command {
  const command = new Command().argument("<reference>", "a blob: HOST/NAME@DIGEST, oci:FOLDER@DIGEST").action(
    act(options, async (session, text: string) => {
      await withPlace(session, text, async (place, call) => {
        const { mediaType, digest, size } = await statBlob(place, call);
        const reference = place.describe(digest);
        await session.print({
          data: { reference, mediaType, digest, size },
          text: () =>
            formatFields([
              ["Reference", reference],
              ["Digest", digest],
              ["Size", String(size)],
            ]),
        });
      });
    }),
  );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"));
  return addHelp(command, {
    examples: [["berth blob head localhost:5000/app@sha256:...", "whether it is there, and how large"]],
    output: { reference: "the blob", mediaType: "that registries give to blobs", digest: "of the blob", size: "bytes" },
  });
}
