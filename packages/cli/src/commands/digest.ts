import { formatPlatform, type Platform } from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withSource } from "../connect/place.ts";
import { MANIFEST_FIELDS } from "../content/manifest-fields.ts";
import { resolveImage } from "../content/resolve-image.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { versionLine } from "../version.ts";

interface DigestFlags {
  readonly file?: boolean;
  readonly algorithm?: string;
  readonly platform?: Platform;
  readonly full?: boolean;
  readonly version?: boolean;
}

/** `berth digest`: of what a reference names; with `--file`, what distribution's `digest` does, to the letter. */
export function digestCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("[reference...]", "images to look up; - or none for standard input")
    .option("--file", "the arguments are files to read, not references")
    .option("-a, --algorithm <name>", "of files: sha256, sha384 or sha512; default sha256")
    .addOption(platformOption())
    .option("--full", "print the whole reference: HOST/NAME@DIGEST")
    .option("--version", "print the version and stop")
    .action(
      act(options, async (session, references: string[], flags: DigestFlags) => {
        if (flags.version === true) return void session.io.stdout.write(`${versionLine()}\n`);
        const isFiles = flags.file === true || flags.algorithm !== undefined || references.every((one) => one === "-");
        if (!isFiles) return await printDigests(session, references, flags);
        const { digestFiles } = await import("../content/digest-files.ts");
        await digestFiles(session, references, flags.algorithm ?? "sha256");
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "format"));
  return addHelp(command, {
    text: "Of files it is what distribution's digest is: one that cannot be read is said, the others are done, and the exit code is 1.",
    examples: [
      ["berth digest debian:12", "which content the tag names now, by one small request"],
      ["berth digest --platform linux/arm64 debian:12", "the same for one platform's image"],
      ["berth digest --full ghcr.io/acme/app:v1", "ghcr.io/acme/app@sha256:..., to be pinned"],
      ["berth digest oci:folder:v1", "of an image in an OCI layout"],
      ["berth digest --file layer.tar.gz", "of a file's bytes"],
      ["cat manifest.json | berth digest -a sha512", "of standard input"],
    ],
    output: {
      ...MANIFEST_FIELDS,
      platform: "that was asked for, if any",
      file: "of files: the name, - for standard input; digest and size are those of its bytes",
    },
  });
}

async function printDigests(session: Session, references: readonly string[], { platform, full }: DigestFlags): Promise<void> {
  for (const text of references) {
    const { place, descriptor } = await withSource(session, text, async (opened, call) => ({
      place: opened,
      descriptor: await resolveImage(opened, platform, call),
    }));
    const { mediaType, digest, size } = descriptor;
    const reference = place.describe(digest);
    await session.print({
      data: { reference, mediaType, digest, size, platform: platform && formatPlatform(platform) },
      text: () => `${full === true ? reference : digest}\n`,
    });
  }
}
