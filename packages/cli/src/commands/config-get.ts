import { type Platform, UnsupportedError } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withSource } from "../connect/place.ts";
import { readConfigOf } from "../content/read-config.ts";
import { imageFor, readManifest } from "../content/read-manifest.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface ConfigGetFlags {
  readonly platform?: Platform;
  readonly pretty?: boolean;
}

/** What is taken of an index when nobody says: what most images are for. */
const USUAL: Platform = { os: "linux", architecture: "amd64" };

/** `berth config get`. */
export function configGetCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image")
    .addOption(platformOption("of an index, the image for this platform; default linux/amd64"))
    .option("--pretty", "indent it; the bytes are then not those of the digest")
    .action(
      act(options, async (session, text: string, { platform, pretty }: ConfigGetFlags) => {
        await withSource(session, text, async (place, call) => {
          const found = await readManifest(place, call);
          const wanted = platform ?? (found.manifest.kind === "index" ? USUAL : undefined);
          const { descriptor, manifest } = wanted === undefined ? found : await imageFor(place.target, found, wanted, call);
          const config = await readConfigOf(place.target, manifest, call);
          if (config === undefined) throw new UnsupportedError(`read the config of "${place.describe(descriptor.digest)}": it has none`);
          if (session.format.kind === "text" && pretty !== true) return void session.io.stdout.write(config.raw);
          const { mediaType, digest, size } = config.descriptor;
          await session.print({
            data: { reference: place.describe(descriptor.digest), mediaType, digest, size, content: config.json },
            text: () => `${JSON.stringify(config.json, undefined, 2)}\n`,
            raw: config.raw,
            shortcuts: config.json,
          });
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"));
  return addHelp(command, {
    text: [
      "Prints the bytes exactly as they are: their digest is the image's id. Templates and paths find what is in the config by its own names,",
      "too: {{.config.Cmd}} as well as {{.content.config.Cmd}}.",
    ].join("\n"),
    examples: [
      ["berth config get --pretty debian:12", "how the image is run, and how it was made"],
      ["berth config get --format '{{.config.Cmd}}' debian:12", "one field"],
      ["berth config get --platform linux/arm64 debian:12 | jq .config.Env", "the environment of one platform's image"],
    ],
    output: {
      reference: "the image, with its digest",
      mediaType: "of the config",
      digest: "of the config",
      size: "bytes of the config",
      content: "the config itself",
    },
  });
}
