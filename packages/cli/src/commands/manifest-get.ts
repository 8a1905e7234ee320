import { formatPlatform, type Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withSource } from "../connect/place.ts";
import { MANIFEST_FIELDS } from "../content/manifest-fields.ts";
import { readManifest } from "../content/read-manifest.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { more } from "../transfer/transfer-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface ManifestGetFlags {
  readonly platform?: Platform;
  readonly pretty?: boolean;
  readonly mediaType?: readonly string[];
}

/** `berth manifest get`. */
export function manifestGetCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image, an index or an artifact")
    .addOption(platformOption())
    .option("--pretty", "indent it; the bytes are then not those of the digest")
    .option("--media-type <type>", "ask for this type; repeatable", more)
    .action(
      act(options, async (session, text: string, { platform, pretty, mediaType }: ManifestGetFlags) => {
        const asked = mediaType === undefined ? {} : { mediaTypes: mediaType };
        const { place, found } = await withSource(
          session,
          text,
          async (opened, call) => ({ place: opened, found: await readManifest(opened, { ...call, ...(platform && { platform }) }) }),
          asked,
        );
        const { descriptor, manifest } = found;
        const { raw } = manifest;
        if (session.format.kind === "text" && pretty !== true) return void session.io.stdout.write(raw);
        const content = parsed(raw);
        const { mediaType: type, digest, size } = descriptor;
        await session.print({
          data: {
            reference: place.describe(digest),
            mediaType: type,
            digest,
            size,
            platform: platform && formatPlatform(platform),
            artifactType: manifest.artifactType,
            annotations: manifest.annotations,
            content,
          },
          text: () => `${JSON.stringify(content, undefined, 2)}\n`,
          raw,
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"));
  return addHelp(command, {
    text: "Prints the bytes exactly as they are: their digest is that of the manifest.",
    examples: [
      ["berth manifest get debian:12 | sha256sum", "the bytes, and nothing but"],
      ["berth manifest get --pretty --platform linux/arm64 debian:12", "of one platform, to be read"],
      ["berth manifest get --format 'jsonpath=.content.layers[*].digest' ghcr.io/acme/app:v1", "the digests of its layers"],
    ],
    output: {
      ...MANIFEST_FIELDS,
      platform: "that was asked for, if any",
      artifactType: "if it has one",
      annotations: "of the manifest",
      content: "the manifest itself",
    },
  });
}

function parsed(raw: Uint8Array): unknown {
  const content: unknown = JSON.parse(Buffer.from(raw).toString("utf8"));
  return content;
}
