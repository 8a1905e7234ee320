import { formatPlatform, type Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withSource } from "../connect/place.ts";
import { MANIFEST_FIELDS } from "../content/manifest-fields.ts";
import { resolveImage } from "../content/resolve-image.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { platformOption } from "../flags/platform.ts";
import { formatFields } from "../output/table.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface ManifestHeadFlags {
  readonly platform?: Platform;
}

/** `berth manifest head`. */
export function manifestHeadCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image, an index or an artifact")
    .addOption(platformOption())
    .action(
      act(options, async (session, text: string, { platform }: ManifestHeadFlags) => {
        await withSource(session, text, async (place, call) => {
          const { mediaType, digest, size } = await resolveImage(place, platform, call);
          const reference = place.describe(digest);
          await session.print({
            data: { reference, mediaType, digest, size, platform: platform && formatPlatform(platform) },
            text: () =>
              formatFields([
                ["Reference", reference],
                ["Media type", mediaType],
                ["Digest", digest],
                ["Size", String(size)],
              ]),
          });
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"));
  return addHelp(command, {
    examples: [
      ["berth manifest head debian:12", "its type, digest and size, by one small request"],
      ["berth manifest head --format json oci:folder:v1", "the same as JSON, of a layout"],
    ],
    output: {
      ...MANIFEST_FIELDS,
      platform: "that was asked for, if any",
    },
  });
}
