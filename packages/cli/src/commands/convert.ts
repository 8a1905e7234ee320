import { Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import { warnOfDockerZstd } from "../change/docker-zstd.ts";
import { MADE_FIELDS, makeNew } from "../change/make-new.ts";
import { addResultFlags, type ResultFlags } from "../change/result-flags.ts";
import { addWhichFlags, ATTACHED_TEXT, platformsOf, type WhichFlags } from "../change/which-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

const FAMILIES = ["oci", "docker"] as const;

interface ConvertFlags extends ResultFlags, WhichFlags {
  readonly to: (typeof FAMILIES)[number];
}

/** `berth convert`. */
export function convertCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image, or an index with all of its images")
    .addOption(new Option("--to <family>", "the media types that manifests are to have").choices(FAMILIES).makeOptionMandatory());
  addResultFlags(addWhichFlags(command)).action(
    act(options, async (session, text: string, flags: ConvertFlags) => {
      const { convertImage } = await import("@berth/transfer");
      await makeNew(
        session,
        text,
        flags,
        async ({ from, into, descriptor, options: edit }) => {
          const made = await convertImage(from, descriptor, into, { ...edit, ...platformsOf(flags), to: flags.to });
          if (flags.to === "docker") await warnOfDockerZstd(session, into, made, edit);
          return made;
        },
        { platform: flags.platform, keepsForm: true },
      );
    }),
  );
  return addHelp(command, {
    text: [
      "Config and layers keep their bytes and digests; only manifests are written anew. Docker's manifests have no annotations: they are left",
      "out, and what Docker cannot express, such as artifacts, is refused. An image of schema 1 becomes one of OCI.",
      "Without --tag, --replace and --output the result has no tag.",
      ATTACHED_TEXT,
    ].join("\n"),
    examples: [
      ["berth convert --to oci --tag v1-oci localhost:5000/app:v1", "Docker's media types become those of OCI"],
      ["berth convert --to docker --replace localhost:5000/app:v1", "for old programs; the tag moves to the result"],
      ["berth convert --to oci -o oci:images:v1 localhost:5000/app:v1", "into a layout"],
    ],
    output: MADE_FIELDS,
  });
}
