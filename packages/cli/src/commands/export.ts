import type { Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { resolveOneImage } from "../content/resolve-image.ts";
import { writeContent } from "../content/write-content.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { platformOption } from "../flags/platform.ts";
import { layerLimits, type LimitFlags, maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface ExportFlags extends LimitFlags {
  readonly output?: string;
  readonly platform?: Platform;
}

/** `berth export`. */
export function exportCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image")
    .option("-o, --output <file>", "write it to this file, which is there when all of it is; - for standard output")
    .addOption(platformOption("of an index, the image for this platform; default: this machine's"))
    .addOption(maxRatioOption())
    .action(
      act(options, async (session, text: string, flags: ExportFlags) => {
        const { output, platform } = flags;
        const { io } = session;
        if (output === undefined && io.stdout.isTTY === true)
          throw new CommandFailure(EXIT_CODE.usage, "will not write an archive to a terminal: name a file with --output");
        const { flatten } = await import("@berth/transfer");
        const toFile = output === undefined || output === "-" ? undefined : output;
        if (toFile === undefined) session.leaveStdout();
        await withPlace(session, text, async (place, call) => {
          const { target } = place;
          const root = await resolveOneImage(place, platform, call);
          const archive = await flatten(target, root, { ...call, ...layerLimits(flags) });
          await writeContent(session, archive, toFile, { id: "files", action: "downloading", total: 0 }, call);
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "quiet", "progress"));
  return addHelp(command, {
    text: "What a container of the image would see, as one tar archive. It is not run, and nothing is unpacked here.",
    examples: [
      ["berth export -o debian.tar debian:12", "into a file"],
      ["berth export debian:12 | tar tvf -", "list it"],
      ["berth export localhost:5000/app:v1 | tar xf - -C rootfs", "unpack it"],
    ],
  });
}
