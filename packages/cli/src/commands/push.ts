import type { CallOptions } from "@berth/oci";
import { Command } from "commander";
import type { CompressionFlags } from "../change/compression-flags.ts";
import { addHelp } from "../command/add-help.ts";
import { withDestination } from "../connect/destination.ts";
import { keepArchive, overwriteOption } from "../connect/keep-archive.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { type Place, sourceLocation, withPlace } from "../connect/place.ts";
import { resolveImage } from "../content/resolve-image.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { addArchiveFormFlags, archiveForm } from "../transfer/archive-form.ts";
import { COPIED_FIELDS, printCopied, writeDigestFile, writeRefsFile } from "../transfer/copied.ts";
import { copiedInto, previewPlace } from "../transfer/copied-into.ts";
import { copyImage, imageToCopy } from "../transfer/copy-image.ts";
import { pushOrOnlyImage } from "../transfer/only-image.ts";
import { addPackFlags, type PackFlags } from "../transfer/pack-files.ts";
import { previewTags } from "../transfer/preview-copy.ts";
import { pushFiles } from "../transfer/push-files.ts";
import { tagsAt } from "../transfer/tags-at.ts";
import { addTransferFlags, digestFileOption, more, refsFileOption, type TransferFlags } from "../transfer/transfer-flags.ts";
import { withTransfer } from "../transfer/with-transfer.ts";

interface PushFlags extends CompressionFlags, PackFlags, TransferFlags {
  readonly subject?: string;
  readonly tag?: readonly string[];
  readonly clobber?: boolean;
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
  readonly digestFile?: string;
  readonly refsFile?: string;
}

/** `berth push`. */
export function pushCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "where it goes: HOST/NAME:TAG")
    .argument("[file...]", "files and folders, each perhaps with its type: report.json:application/json; or one image: oci:FOLDER:TAG");
  addArchiveFormFlags(addPackFlags(command))
    .option("--subject <reference>", "what the artifact is about")
    .option("-t, --tag <tag>", "tag it so, too; repeatable", more)
    .option("-n, --no-clobber", "fail when a tag exists and names something else")
    .addOption(overwriteOption())
    .addOption(maxRatioOption())
    .option("--dry-run", "only say what would be pushed")
    .addOption(digestFileOption())
    .addOption(refsFileOption())
    .action(
      act(options, async (session, reference: string, files: string[], flags: PushFlags) => {
        const [only] = files;
        if (only !== undefined && files.length === 1 && isImage(only)) return await pushImage(session, reference, only, flags);
        const { artifactType, config, annotation, annotationFile, compression, level } = flags;
        if (compression !== undefined || level !== undefined)
          throw new CommandFailure(EXIT_CODE.usage, "--compression and --level are for the layers of a docker archive, not for files");
        if (files.length === 0 && [artifactType, config, annotation, annotationFile].every((one) => one === undefined))
          throw new CommandFailure(
            EXIT_CODE.usage,
            "nothing to push: name files, or an image such as oci:FOLDER:TAG, or an --artifact-type for an artifact without files",
          );
        const { namesWithin, tagsWithin } = await import("@berth/transfer/location");
        const to = parsePlace(reference);
        const subject =
          flags.subject === undefined
            ? undefined
            : await withPlace(session, flags.subject, async (place, call) => await resolveImage(place, undefined, call));
        const tags = tagsWithin(to, [...namesWithin(to), ...(flags.tag ?? [])]);
        await keepArchive(session, to, tags, flags);
        await pushFiles(session, { to, tags, files, flags, ...existing(flags), ...(subject && { subject }) });
      }),
    );
  addRegistryFlags(addTransferFlags(command));
  return addHelp(command, {
    text: [
      "Files become an artifact that any OCI registry takes. A folder is packed, and unpacked again when it is pulled. Set SOURCE_DATE_EPOCH",
      "to get the same digest every time. Of an index of which a layout or archive has one image alone, that image is pushed, and a warning",
      "says so; if it has several, berth cp --platform pushes one of them. Layers of docker archives are compressed.",
    ].join("\n"),
    examples: [
      ["berth push localhost:5000/report:v1 report.json:application/json", "a file"],
      ["berth push --artifact-type application/vnd.acme.site localhost:5000/site:v1 ./public", "a folder"],
      ["pg_dump shop | berth push --stdin-name shop.sql --stdin-type application/sql localhost:5000/backup:monday -", "standard input"],
      ["berth push localhost:5000/app:v1 oci:folder:v1", "an image out of an OCI layout"],
      ["berth push localhost:5000/app:v1 docker-archive:app.tar", "what docker save wrote"],
    ],
    output: { ...COPIED_FIELDS, "files[].digest": "of each file, with mediaType, size and annotations" },
  });
}

function isImage(text: string): boolean {
  return /^(?:oci|ocidir|oci-layout|oci-archive|docker-archive):/.test(text);
}

function existing({ clobber }: PushFlags): { readonly settings: { readonly existingTags: "overwrite" | "refuse" } } {
  return { settings: { existingTags: clobber === false ? "refuse" : "overwrite" } };
}

async function pushImage(session: Session, reference: string, from: string, flags: PushFlags): Promise<void> {
  const to = parsePlace(reference);
  const { settings } = existing(flags);
  const form = archiveForm(sourceLocation(from), to, flags);
  const work = async (source: Place, call: CallOptions): Promise<void> => {
    const tags = tagsAt(to, source.location, flags.tag ?? []);
    await keepArchive(session, to, tags, flags);
    if (flags.dryRun === true) {
      const root = (await imageToCopy(source, { location: to }, undefined, call)) ?? (await source.target.resolve(source.reference, call));
      const preview = await previewTags(
        session,
        to,
        tags.map((tag) => [tag, root]),
        settings.existingTags,
      );
      const fields = await copiedInto(previewPlace(to), source.target, root, preview, call);
      return await printCopied(session, { source: source.describe(), ...fields, dryRun: true });
    }
    const copied = await withDestination(session, to, async (destination) => {
      const {
        descriptor,
        tags: named,
        stats,
      } = await withTransfer(session, flags, async (transfer) => {
        const pace = await transfer.between({ source: source.repository, destination: destination.repository });
        return await pushOrOnlyImage(session, source, async (from) => await copyImage(from, destination, tags, { ...settings, ...pace }));
      });
      const fields = await copiedInto(destination, destination.target, descriptor, named, call);
      await writeDigestFile(flags.digestFile, fields);
      return { source: source.describe(), ...fields, stats };
    });
    await writeRefsFile(flags.refsFile, copied);
    await printCopied(session, copied);
  };
  await withPlace(session, from, work, form);
}
