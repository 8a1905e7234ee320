import { statSync } from "node:fs";
import { basename, join } from "node:path";
import {
  type Descriptor,
  formatPlatform,
  isImageMediaType,
  isSchema1MediaType,
  MEDIA_TYPES,
  type Platform,
  SchemaV1UnsupportedError,
} from "@berth/oci";
import { Command } from "commander";
import type { Location } from "@berth/transfer/location";
import { addHelp } from "../command/add-help.ts";
import { withDestination } from "../connect/destination.ts";
import { keepArchive, overwriteOption } from "../connect/keep-archive.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { archiveForms, isArchiveName } from "../connect/path-advice.ts";
import { type Place, withPlace, withSource } from "../connect/place.ts";
import { readDescribed } from "../content/read-manifest.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { platformOption } from "../flags/platform.ts";
import { plainText } from "../output/plain-text.ts";
import { layerLimits, type LimitFlags, maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { COPIED_FIELDS, printCopied, writeDigestFile } from "../transfer/copied.ts";
import { copiedInto, previewPlace } from "../transfer/copied-into.ts";
import { previewTags } from "../transfer/preview-copy.ts";
import { copyVerified } from "../transfer/copy-verified.ts";
import { pulledFiles } from "../transfer/pulled-files.ts";
import { tagsAt } from "../transfer/tags-at.ts";
import { addTransferFlags, digestFileOption, type TransferFlags } from "../transfer/transfer-flags.ts";
import { withTransfer } from "../transfer/with-transfer.ts";

interface PullFlags extends LimitFlags, TransferFlags {
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly platform?: Platform;
  readonly allPlatforms?: boolean;
  readonly keepOldFiles?: boolean;
  readonly verify?: boolean;
  readonly dryRun?: boolean;
  readonly digestFile?: string;
}

/** `berth pull`. */
export function pullCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "an image or an artifact")
    .option(
      "-o, --output <place>",
      "of an artifact a folder, default this one; of an image oci:FOLDER, oci-archive:FILE, docker-archive:FILE",
    )
    .addOption(overwriteOption())
    .addOption(platformOption("of an index, the image for this platform; default: this machine's"))
    .option("--all-platforms", "the index as it is, with all images")
    .option("-k, --keep-old-files", "of an artifact: fail instead of replacing a file by another one")
    .option("--verify", "of an image: unpack its layers, and hold them against its config, before anything leads to it")
    .addOption(maxRatioOption())
    .option("--dry-run", "only say what would be done")
    .addOption(digestFileOption())
    .action(
      act(options, async (session, text: string, flags: PullFlags) => {
        // what went through a pipe cannot be taken back
        const open = flags.output === "-" ? withPlace : withSource;
        const into = placeNamed(flags.output)?.transport ?? "oci"; // an artifact is in no docker archive
        await open(session, text, async (source) => await pullFrom(session, source, flags), { into });
      }),
    );
  addRegistryFlags(addTransferFlags(command, { uploads: false }));
  return addHelp(command, {
    text: [
      "An artifact becomes files: when the name of one is no safe path below the folder, nothing is written. A packed folder with a link that",
      "leads out of it is refused, too; other files may be there then. An image becomes an OCI layout, or a file that docker load takes. What",
      "was pulled in part is gone on with, but for archives and packed folders.",
    ].join("\n"),
    examples: [
      ["berth pull localhost:5000/report:v1", "the files of an artifact, into this folder"],
      ["berth pull -o build localhost:5000/site:v1", "into another one"],
      ["berth pull debian:12", "the image for this machine, into the layout oci:debian:12"],
      ["berth pull --platform linux/arm64 -o docker-archive:debian.tar debian:12", "for docker load"],
      ["berth pull --all-platforms -o oci:images debian:12", "every platform"],
    ],
    output: {
      ...COPIED_FIELDS,
      "files[].path": "of an artifact: each file, with mediaType, digest and size",
      annotations: "of an artifact: those of its manifest",
      platform: "that was asked for",
    },
  });
}

async function pullFrom(session: Session, source: Place, flags: PullFlags): Promise<void> {
  const call = { signal: session.signal };
  const { target } = source;
  const root = await target.resolve(source.reference, call);
  const { chooseImage, hostPlatform } = await import("@berth/transfer/platform");
  const choice = { ...call, checkSingle: flags.platform !== undefined, place: source.describe() };
  const image = flags.allPlatforms === true ? root : (await chooseImage(target, root, flags.platform ?? hostPlatform(), choice)).image;
  const to = placeNamed(flags.output);
  if (to === undefined && (await isArtifact(source, image, call))) return await pullFiles(session, source, image, flags);
  await pullImage(session, source, image, to ?? layoutAt(source, flags.output), flags);
}

/** The place that is named in so many words; undefined for the name of a folder, and for nothing. */
function placeNamed(output: string = ""): Location | undefined {
  return /^(?:oci|ocidir|oci-layout|oci-archive|docker-archive):|^-$/.test(output) ? parsePlace(output) : undefined;
}

/** Anything whose config is not that of an image. */
async function isArtifact({ target }: Place, image: Descriptor, call: { readonly signal: AbortSignal }): Promise<boolean> {
  if (!isImageMediaType(image.mediaType)) return false;
  const { manifest } = await readDescribed(target, image, call);
  const { ociConfig, dockerConfig } = MEDIA_TYPES;
  return manifest.kind === "image" && manifest.configMediaType !== ociConfig && manifest.configMediaType !== dockerConfig;
}

/** The layout that an image goes to where nobody says: named after its repository. A folder is not called like an archive unless it is there. */
function layoutAt({ location }: Place, output: string | undefined): Location {
  if (output !== undefined && isArchiveName(output) && statSync(output, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CommandFailure(EXIT_CODE.usage, `"${output}" would become a folder, an OCI layout: ${archiveForms(output)}`);
  const name = location.transport === "registry" ? location.reference.path : location.path;
  return { transport: "oci", path: output ?? join(".", basename(name)) };
}

async function pullImage(session: Session, source: Place, image: Descriptor, to: Location, flags: PullFlags): Promise<void> {
  if (isSchema1MediaType(image.mediaType)) throw new SchemaV1UnsupportedError(); // before a layout is made for it
  const { copy } = await import("@berth/transfer");
  const tags = tagsAt(to, source.location, []);
  await keepArchive(session, to, tags, flags);
  const call = { signal: session.signal };
  if (flags.dryRun === true) {
    const wanted = tags.map((tag) => [tag, image] as const);
    const told = await copiedInto(previewPlace(to), source.target, image, await previewTags(session, to, wanted, "overwrite"), call);
    return await printCopied(session, { source: source.describe(), ...told, ...platformOf(flags), dryRun: true });
  }
  const isStdout = to.transport !== "registry" && to.path === "-";
  const copied = await withDestination(session, to, async (destination) => {
    const { tags: named, stats } = await withTransfer(session, { ...flags, stdoutIsData: isStdout }, async (transfer) => {
      const pace = await transfer.between({ source: source.repository, destination: destination.repository });
      if (flags.verify === true) return await copyVerified(source, image, destination, tags, { ...pace, ...layerLimits(flags) });
      return await copy(source.target, image.digest, destination.target, tags, pace);
    });
    const told = await copiedInto(destination, destination.target, image, named, call);
    await writeDigestFile(flags.digestFile, told);
    return { source: source.describe(), ...told, ...platformOf(flags), stats };
  });
  await printCopied(session, copied, isStdout);
}

function platformOf({ platform }: PullFlags): { readonly platform?: string } {
  return platform === undefined ? {} : { platform: formatPlatform(platform) };
}

async function pullFiles(session: Session, source: Place, image: Descriptor, flags: PullFlags): Promise<void> {
  const { copy, openFileStore } = await import("@berth/transfer");
  const { output = ".", keepOldFiles = false } = flags;
  await using store = await openFileStore(output, { keepOldFiles, untitled: "skip", ...layerLimits(flags) });
  const call = { signal: session.signal };
  const { manifest } = await readDescribed(source.target, image, call);
  const { files, unnamed } = pulledFiles(manifest, output);
  const { mediaType, digest, size } = image;
  const { artifactType, annotations } = manifest;
  const told = { reference: source.describe(digest), mediaType, digest, size, artifactType, annotations, files };
  const lines = (before: string): string => files.map(({ path }) => `${before}${plainText(path)}\n`).join("");
  if (flags.dryRun === true) {
    await store.checkTitles(
      manifest.references.map(({ descriptor }) => descriptor),
      call,
    );
    return await session.print({ data: { ...told, dryRun: true }, text: () => lines("would write ") });
  }
  const { stats } = await withTransfer(session, flags, async (transfer) => {
    return await copy(source.target, image.digest, store, [], await transfer.between({ source: source.repository }));
  });
  await writeDigestFile(flags.digestFile, image);
  if (unnamed > 0)
    session.warnings.add(
      `${unnamed} ${unnamed === 1 ? "blob has" : "blobs have"} no file name: left out, berth pull -o oci:FOLDER keeps all`,
    );
  await session.print({ data: { ...told, stats }, text: () => (session.settings.quiet ? "" : lines("")) });
}
