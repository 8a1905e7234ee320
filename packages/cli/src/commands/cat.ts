import type { Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { resolveOneImage } from "../content/resolve-image.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { platformOption } from "../flags/platform.ts";
import { writeBytes, writeFileOf } from "../output/write-bytes.ts";
import { layerLimits, type LimitFlags, maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface CatFlags extends LimitFlags {
  readonly output?: string;
  readonly platform?: Platform;
  readonly follow?: boolean;
}

/** `berth cat`. */
export function catCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image")
    .argument("<path>", "a file in it: /etc/os-release")
    .option("-o, --output <file>", "write it to this file, which is there when all of it is; - for standard output")
    .addOption(platformOption("of an index, the image for this platform; default: this machine's"))
    .option("--no-follow", "fail when the path is a link, instead of following it")
    .addOption(maxRatioOption())
    .action(
      act(options, async (session, text: string, path: string, flags: CatFlags) => {
        const { output, platform, follow } = flags;
        const { readFileOf } = await import("@berth/transfer");
        await withPlace(session, text, async (place, call) => {
          const { target } = place;
          const root = await resolveOneImage(place, platform, call);
          const read = { ...call, ...layerLimits(flags), ...(follow === false && { followLinks: false }) };
          const { content } = await readFileOf(target, root, path, read);
          try {
            await (output === undefined || output === "-"
              ? writeBytes(session.io.stdout, content, call)
              : writeFileOf(output, content, call));
          } finally {
            content.destroy();
          }
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "quiet"));
  return addHelp(command, {
    text: "Layers are read from the top, and no further than the one that has the file.",
    examples: [
      ["berth cat debian:12 /etc/os-release", "one file of an image"],
      ["berth cat --platform linux/arm64 -o app localhost:5000/app:v1 /usr/bin/app", "a program, into a file"],
    ],
  });
}
