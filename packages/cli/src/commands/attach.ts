import type { Platform } from "@berth/oci";
import type { Location } from "@berth/transfer/location";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { resolveImage } from "../content/resolve-image.ts";
import { archiveRefusal } from "../errors/archive-refusal.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { COPIED_FIELDS } from "../transfer/copied.ts";
import { addPackFlags, type PackFlags } from "../transfer/pack-files.ts";
import { pushFiles } from "../transfer/push-files.ts";
import { addTransferFlags, digestFileOption, refsFileOption, type TransferFlags } from "../transfer/transfer-flags.ts";

interface AttachFlags extends PackFlags, TransferFlags {
  readonly platform?: Platform;
  readonly dryRun?: boolean;
  readonly digestFile?: string;
  readonly refsFile?: string;
}

function isArchive({ transport }: Location): boolean {
  return transport === "oci-archive" || transport === "docker-archive";
}

/** `berth attach`. */
export function attachCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<subject>", "the image or artifact that it is about")
    .argument("[file...]", "files and folders, each perhaps with its type: sbom.json:application/spdx+json; - for standard input")
    .addOption(platformOption("of an index, attach to the image for this platform"));
  addPackFlags(command)
    .option("--dry-run", "only say what would be attached")
    .addOption(digestFileOption())
    .addOption(refsFileOption())
    .action(
      act(options, async (session, subject: string, files: string[], flags: AttachFlags) => {
        if (flags.artifactType === undefined)
          throw new CommandFailure(EXIT_CODE.usage, "say what is attached: --artifact-type application/spdx+json");
        const { location, descriptor } = await withPlace(session, subject, async (place, call) => {
          // written anew it would hold what is attached, and nothing else
          if (isArchive(place.location)) throw archiveRefusal(`attach to "${place.name}"`);
          return { location: place.location, descriptor: await resolveImage(place, flags.platform, call) };
        });
        await pushFiles(session, { to: location, tags: [], files, subject: descriptor, flags });
      }),
    );
  addRegistryFlags(addTransferFlags(command));
  return addHelp(command, {
    text: "What is attached has a digest and no tag: berth referrers lists it.",
    examples: [
      ["berth attach --artifact-type application/spdx+json localhost:5000/app:v1 sbom.json", "a bill of materials"],
      ["berth attach --artifact-type application/vnd.acme.note --annotation by=me localhost:5000/app:v1", "a note, without a file"],
      ["berth attach --platform linux/arm64 --artifact-type application/vnd.acme.scan debian:12 scan.json", "to one image of an index"],
    ],
    output: { ...COPIED_FIELDS, "files[].digest": "of each file, with mediaType, size and annotations" },
  });
}
