import type { Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withSource } from "../connect/place.ts";
import { inspectImage, tagsOf } from "../content/inspect-image.ts";
import { inspectionText } from "../content/inspection-text.ts";
import { MANIFEST_FIELDS } from "../content/manifest-fields.ts";
import { readManifest } from "../content/read-manifest.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface InspectFlags {
  readonly tags?: boolean;
  readonly platform?: Platform;
}

/** `berth inspect`. */
export function inspectCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image, an index or an artifact")
    .addOption(platformOption())
    .option("--tags", "list the tags of the repository, too")
    .action(
      act(options, async (session, text: string, { platform, tags }: InspectFlags) => {
        await withSource(session, text, async (place, call) => {
          const found = await readManifest(place, { ...call, ...(platform && { platform }) });
          const inspected = await inspectImage(place, found, call);
          const data = tags === true ? { ...inspected, tags: await tagsOf(place, call) } : inspected;
          await session.print({ data, text: () => inspectionText(data, Date.now()), raw: found.manifest.raw });
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"));
  return addHelp(command, {
    examples: [
      ["berth inspect debian:12", "which platforms an index has"],
      ["berth inspect --platform linux/arm64 debian:12", "layers, environment and labels of one of them"],
      ["berth inspect oci-archive:image.tar", "the only image in an archive"],
      ["berth inspect --format '{{index .config.Labels \"version\"}}' ghcr.io/acme/app:v1", "one label"],
    ],
    output: {
      ...MANIFEST_FIELDS,
      artifactType: "if it has one",
      annotations: "of the manifest",
      subject: "descriptor of what it belongs to",
      contentSize: "bytes of config and layers; 0 for an index",
      tags: "with --tags: all tags of the repository",
      manifests: "of an index: descriptors",
      platform: "of an image",
      created: "of an image: when it was made, as it says",
      author: "of an image",
      layers: "of an image or artifact: descriptors",
      config: "of an image: User, Env, Entrypoint, Cmd, Labels, ...",
      history: "of an image: how it was made",
    },
  });
}
