import { type CallOptions, type Descriptor, formatName, isDigest, MEDIA_TYPES, type Platform, UnsupportedError } from "@berth/oci";
import { Command, Option } from "commander";
import type { FileLocation } from "@berth/transfer/location";
import { addHelp } from "../command/add-help.ts";
import { type Destination, ownReference, withDestination } from "../connect/destination.ts";
import { type Place, withPlace, withSource } from "../connect/place.ts";
import { readDescribed } from "../content/read-manifest.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { addStats, NO_STATS } from "../transfer/add-stats.ts";
import { type Copied, COPIED_FIELDS, type CopiedFields, printCopied } from "../transfer/copied.ts";
import { keepArchive, type KeepFlags, overwriteOption } from "../connect/keep-archive.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { checkWritable } from "../output/check-writable.ts";
import { Batch, keepGoingOption } from "../transfer/batch.ts";
import { copiedInto, type CopyPlace, previewPlace } from "../transfer/copied-into.ts";
import { copyImage, imageToCopy } from "../transfer/copy-image.ts";
import { addTransferFlags, type TransferFlags } from "../transfer/transfer-flags.ts";
import { withTransfer } from "../transfer/with-transfer.ts";
import type { CopiedTag } from "@berth/transfer";

/** Configs of images, which a docker archive takes. */
const CONFIG_TYPES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig]);

interface SaveFlags extends KeepFlags, TransferFlags {
  readonly output?: string;
  readonly formatArchive: "docker" | "oci";
  readonly platform?: Platform;
  readonly keepGoing?: boolean;
  readonly dryRun?: boolean;
}

/** `berth save`. */
export function saveCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference...>", "the images")
    .option("-o, --output <file>", "the archive, which is there when all of it is; - for standard output")
    .addOption(new Option("--format-archive <kind>", "what kind of archive").choices(["docker", "oci"]).default("docker"))
    .addOption(platformOption("of an index, the image for this platform; default: this machine's, in an OCI archive all"))
    .addOption(overwriteOption())
    .addOption(keepGoingOption())
    .addOption(maxRatioOption())
    .option("--dry-run", "only say what would be done")
    .action(
      act(options, async (session, references: string[], flags: SaveFlags) => {
        const { formatArchive, platform, output = "-", dryRun } = flags;
        if (flags.output === undefined && dryRun !== true && session.io.stdout.isTTY === true)
          throw new CommandFailure(EXIT_CODE.usage, "will not write an archive to a terminal: name a file with --output");
        const to: FileLocation = { transport: formatArchive === "docker" ? "docker-archive" : "oci-archive", path: output };
        const isStdout = output === "-";
        if (isStdout && flags.dryRun !== true) session.leaveStdout();
        const names = references.flatMap((text) => {
          const found = nameIn({ location: to }, { location: parsePlace(text) });
          return found.length > 0 ? found : [""];
        });
        if (!isStdout) await checkWritable("output", output);
        await keepArchive(session, to, names, flags);
        if (dryRun === true) return await previewSave(session, references, to, flags);
        const images: CopiedFields[] = [];
        let stats = NO_STATS;
        const batch = new Batch(session, flags);
        const call = { signal: session.signal };
        const saved = await withDestination(session, to, async (destination) => {
          await withTransfer(session, { ...flags, stdoutIsData: isStdout }, async (transfer) => {
            for (const text of references) {
              await batch.attempt(text, async () => {
                // what went through a pipe cannot be taken back
                await (isStdout ? withPlace : withSource)(
                  session,
                  text,
                  async (source) => {
                    const done = await copyImage(source, destination, nameIn(destination, source), {
                      ...(await transfer.between({ source: source.repository })),
                      ...(platform && { platform }),
                    });
                    images.push(await copiedInto(destination, destination.target, done.descriptor, done.tags, call));
                    stats = addStats(stats, done.stats);
                  },
                  { into: to.transport },
                );
              });
            }
            batch.throwIfAll(references.length);
          });
          return toldOf(destination, images);
        });
        await printCopied(session, { ...saved, stats }, isStdout);
        batch.end(references.length);
      }),
    );
  addRegistryFlags(addTransferFlags(command, { uploads: false }));
  return addHelp(command, {
    examples: [
      ["berth save -o debian.tar debian:12", "for docker load, or podman load"],
      ["berth save debian:12 alpine:3 | ssh host docker load", "two images, through a pipe; what they share is in it once"],
      ["berth save --format-archive oci -o debian.tar debian:12", "all platforms, as an OCI archive"],
      ["berth save -o app.tar oci:folder:v1", "out of an OCI layout"],
    ],
    output: {
      ...COPIED_FIELDS,
      "untagged[].reference": "of several images: one that has no tag in the archive; with digest and size, or imageId, as above",
    },
  });
}

/** Tells which images would be in the archive. Nothing is made. */
async function previewSave(session: Session, references: readonly string[], to: FileLocation, flags: SaveFlags): Promise<void> {
  const call = { signal: session.signal };
  const place = previewPlace(to);
  const images: CopiedFields[] = [];
  const batch = new Batch(session, flags);
  for (const text of references) {
    await batch.attempt(text, async () => {
      await withSource(
        session,
        text,
        async (source) => {
          const image = (await imageToCopy(source, place, flags.platform, call)) ?? (await source.target.resolve(source.reference, call));
          if (to.transport === "docker-archive") await checkIsImage(source, image, call);
          const { digest, size } = image;
          const named = nameIn(place, source).map((tag): CopiedTag => ({ tag, digest, size, outcome: "tagged" }));
          images.push(await copiedInto(place, source.target, image, named, call));
        },
        { into: to.transport },
      );
    });
  }
  batch.throwIfAll(references.length);
  await printCopied(session, { ...toldOf(place, images), dryRun: true });
  batch.end(references.length);
}

/** One image is told as a copy of it is; of several, those that got no tag are told by what they are. */
function toldOf({ describe }: CopyPlace, images: readonly CopiedFields[]): Copied {
  const [only] = images;
  if (only !== undefined && images.length === 1) return only;
  const untagged = images.flatMap(({ tags, ...image }) => (tags.length === 0 ? [image] : []));
  return { reference: describe(""), tags: images.flatMap(({ tags }) => tags), ...(untagged.length > 0 && { untagged }) };
}

/** @throws {UnsupportedError} for artifacts, which a docker archive has no room for. */
async function checkIsImage({ target, describe }: Place, image: Descriptor, call: CallOptions): Promise<void> {
  const { manifest } = await readDescribed(target, image, call);
  if (manifest.kind === "image" && CONFIG_TYPES.has(manifest.config.mediaType)) return;
  throw new AdvisedError(
    new UnsupportedError(`write "${describe()}" to a docker archive`, { answer: "it is an artifact, not an image" }),
    `an artifact has files instead: berth pull ${describe()}`,
  );
}

/** What an image is called in the archive: its whole name; nothing when it is known by its digest alone. */
function nameIn({ location: to }: Pick<Destination, "location">, { location }: Pick<Place, "location">): readonly string[] {
  if (location.transport === "registry") {
    const { tag, digest } = location.reference;
    return tag === undefined && digest !== undefined ? [] : [`${formatName(location.reference)}:${tag ?? "latest"}`];
  }
  const own = ownReference(location);
  if (own === "" || isDigest(own)) return [];
  return to.transport === "docker-archive" && !/[:/]/.test(own) ? [`${location.path.split(/[\\/]/).at(-1)?.toLowerCase()}:${own}`] : [own];
}
