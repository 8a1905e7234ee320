import { type Descriptor, formatName, UnsupportedError } from "@berth/oci";
import { Command } from "commander";
import type { CopiedTag, CopyOptions, CopyStats } from "@berth/transfer";
import type { Location } from "@berth/transfer/location";
import type { CompressionFlags } from "../change/compression-flags.ts";
import { addHelp } from "../command/add-help.ts";
import { type Destination, isStdout, ownReference, withDestination } from "../connect/destination.ts";
import { describeLocation } from "../connect/describe-location.ts";
import { keepArchive, overwriteOption } from "../connect/keep-archive.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { type Place, sourceLocation, withPlace, withSource } from "../connect/place.ts";
import { inParallel, LOOK_UPS } from "../content/in-parallel.ts";
import { nameFilter } from "../content/name-filter.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { layerLimits, type LimitFlags, maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { adviseOnIndex } from "../transfer/advise-index.ts";
import { addStats } from "../transfer/add-stats.ts";
import { copyAllTags } from "../transfer/all-tags.ts";
import { addArchiveFormFlags, archiveForm } from "../transfer/archive-form.ts";
import { Batch, failuresOf } from "../transfer/batch.ts";
import { COPIED_FIELDS, copiedFields, printCopied, writeDigestFile, writeRefsFile } from "../transfer/copied.ts";
import { copiedInto, previewPlace } from "../transfer/copied-into.ts";
import { addCopyFlags, checkForDockerArchive, contradiction, type CopyFlags, copyOptions } from "../transfer/copy-flags.ts";
import { copyImage, imageToCopy } from "../transfer/copy-image.ts";
import { warnOfDockerForm } from "../transfer/docker-form.ts";
import { platformWarning } from "../transfer/platform-warning.ts";
import { previewPlatforms, previewTags } from "../transfer/preview-copy.ts";
import { type RestyleJob, restyleSignatures } from "../transfer/restyle-signatures.ts";
import { tagsAt } from "../transfer/tags-at.ts";
import { addTransferFlags, digestFileOption, more, refsFileOption, type TransferFlags } from "../transfer/transfer-flags.ts";
import { verifyLayers } from "../transfer/verify-layers.ts";
import { withTransfer } from "../transfer/with-transfer.ts";

interface CpFlags extends CompressionFlags, CopyFlags, LimitFlags, TransferFlags {
  readonly allTags?: boolean;
  readonly match?: readonly string[];
  readonly exclude?: readonly string[];
  readonly verifyLayers?: boolean;
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
  readonly digestFile?: string;
  readonly refsFile?: string;
}

/** `berth cp`. */
export function cpCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<source>", "an image, an index, an artifact; with --all-tags a repository, a layout or an OCI archive")
    .argument("<destination>", "where it goes; without a tag it gets that of the source; a source named by its digest gives none")
    .argument("[tag...]", "more tags at the destination")
    .option("-a, --all-tags", "copy every tag, under its own name")
    .option("--match <pattern>", "of all tags, those that match a shell pattern, or /expression/; repeatable", more)
    .option("--exclude <pattern>", "of all tags, none that match; repeatable", more);
  addArchiveFormFlags(addCopyFlags(command))
    .addOption(overwriteOption())
    .option("--verify-layers", "unpack all layers first, and hold them against the config: reads the source twice")
    .addOption(maxRatioOption())
    .option("--dry-run", "only say what would be done to tags")
    .addOption(digestFileOption())
    .addOption(refsFileOption())
    .action(
      act(options, async (session, from: string, to: string, tags: string[], flags: CpFlags) => {
        const target = parsePlace(to);
        const isMany = flags.allTags === true || flags.match !== undefined || flags.exclude !== undefined;
        if (isMany) checkMany(sourceLocation(from), target, tags, flags);
        const form = archiveForm(sourceLocation(from), target, flags);
        const job = { target, tags, flags, settings: copyOptions(flags) };
        if (target.transport === "docker-archive") checkForDockerArchive(flags);
        if (isStdout(target) && flags.dryRun !== true) session.leaveStdout();
        // mirrors need not have all tags, and what went through a pipe cannot be taken back
        const open = isMany || isStdout(target) ? withPlace : withSource;
        const copy = isMany ? copyMany : copyOne;
        await open(session, from, (source) => adviseOnIndex(flags, () => copy(session, source, job)), { ...form, side: "from" });
      }),
    );
  addRegistryFlags(addTransferFlags(command), { twoSides: true });
  return addHelp(command, {
    text: [
      "Bytes stay what they are, so digests stay too, but for docker archives, which have a form of their own and hold no manifest: of them",
      "the image ID is told, by which docker knows an image; out of them layers are compressed, with gzip unless --compression says",
      "otherwise, and in an OCI layout or archive the manifest is one of OCI, while the image ID stays. What is there already is not sent",
      "again, and within one registry blobs are not sent at all; nor are those that a repository of it was seen to hold by an earlier run:",
      "they are mounted from there. A copy that was cut off goes on where it was when the same command runs again, except into an archive.",
      "Of an upload that was cut off the reference registry keeps nothing, but from version 3 on the chunks that were whole: set",
      "--chunk-size for it. A layout is looked at whole, so what it lost, or never got, comes with the next copy. A registry is only asked",
      "for the tag where that is unchanged, and, with --platforms, for these images: where it may have an index in part, from an earlier",
      "--platforms or --index-only, or lost something, add --recheck. With --all-tags a tag that cannot be copied does not hold up the",
      "others: it is told of at the end, and the exit code is 9; with --atomic no tag moves then.",
    ].join("\n"),
    examples: [
      ["berth cp debian:12 localhost:5000/debian:12", "all platforms, from one registry to another"],
      ["berth cp localhost:5000/app:v1 localhost:5000/app:v1 latest stable", "more tags"],
      ["berth cp --platform linux/arm64 debian:12 oci:images:12", "one image, into an OCI layout"],
      ["berth cp --platforms linux/amd64,linux/arm64 debian:12 oci:images", "the index with two of its images"],
      ["berth cp --all-tags --match '1.*' ghcr.io/acme/app localhost:5000/app", "some tags of a repository"],
      ["berth cp --referrers=application/spdx+json debian:12 localhost:5000/debian", "with what refers to it, of one type"],
      ["berth cp --referrer-annotation approved=yes ghcr.io/acme/app:v1 localhost:5000/app", "with what refers to it and is annotated so"],
      ["berth cp --referrers --digest-tags ghcr.io/acme/app:v1 oci-archive:app.tar:v1", "with signatures and SBOMs, into one file"],
      ["berth cp --referrers-style api ghcr.io/acme/app:v1 localhost:5000/app", "with signatures that stand in tags, as referrers"],
      ["berth cp docker-archive:app.tar localhost:5000/app:v1", "what docker save wrote"],
      ["berth cp debian:12 - | ssh host berth cp - localhost:5000/debian:12", "through a pipe"],
      ["berth cp --chunk-size 90MB oci:images:12 registry.example.com/debian:12", "through a proxy that takes no larger requests"],
      ["berth cp --from-user me --to-anonymous ghcr.io/acme/app:v1 localhost:5000/app", "credentials of each side"],
    ],
    output: {
      ...COPIED_FIELDS,
      "failures[].source": "with --all-tags: what could not be copied",
      "failures[].class": "what the failure means, with code, message, registry, status and hint",
    },
  });
}

interface CopyJob {
  readonly target: Location;
  readonly tags: readonly string[];
  readonly flags: CpFlags;
  readonly settings: CopyOptions;
}

async function copyOne(session: Session, place: Place, { target, tags: extra, flags, settings }: CopyJob): Promise<void> {
  const { platform, dryRun, digestFile } = flags;
  const tags = tagsAt(target, place.location, extra);
  const call = { signal: session.signal };
  await keepArchive(session, target, tags, flags);
  if (dryRun === true) {
    const root = (await imageToCopy(place, { location: target }, platform, call)) ?? (await place.target.resolve(place.reference, call));
    const found = await previewTags(
      session,
      target,
      tags.map((tag) => [tag, root]),
      settings.existingTags,
    );
    await previewPlatforms(place.target, root, found, { ...settings, ...call });
    const told = await copiedInto(previewPlace(target), place.target, root, found, call);
    return await printCopied(session, { source: place.describe(), ...told, dryRun: true });
  }
  const stdoutIsData = isStdout(target);
  const copied = await withDestination(
    session,
    target,
    async (destination) => {
      const {
        descriptor,
        tags: named,
        stats,
      } = await withTransfer(session, { ...flags, stdoutIsData }, async (transfer) => {
        const pace = await transfer.between({ source: place.repository, destination: destination.repository });
        if (flags.verifyLayers === true) await verifyImages(place, destination, [place.reference], flags, session.signal);
        const done = await copyImage(place, destination, tags, { ...settings, ...pace, ...(platform && { platform }) });
        const isKept = done.tags.length > 0 && done.tags.every(({ outcome }) => outcome === "kept");
        return await withSignatures({ source: place, destination, flags, pace }, isKept ? [] : [done.descriptor], done);
      });
      const told = await copiedInto(destination, destination.target, descriptor, named, call);
      await writeDigestFile(digestFile, told);
      warnOfDockerForm(session, target, descriptor);
      return { source: place.describe(), ...told, stats };
    },
    { side: "to" },
  );
  await writeRefsFile(flags.refsFile, copied);
  await printCopied(session, copied, stdoutIsData);
}

async function copyMany(session: Session, source: Place, { target, flags, settings }: CopyJob): Promise<void> {
  const { match, exclude, platform, dryRun } = flags;
  if (platform !== undefined) throw contradiction("--all-tags", "--platform: use --platforms");
  if (ownReference(source.location) !== "")
    throw new CommandFailure(EXIT_CODE.usage, `all tags are to be copied: leave ":${source.reference}" away`);
  const filter = nameFilter({ ...(match && { match }), ...(exclude && { exclude }) });
  const call = { signal: session.signal };
  if (source.target.tags === undefined) throw new UnsupportedError(`list the tags of "${source.name}"`);
  const names = (await Array.fromAsync(source.target.tags(call))).filter(filter);
  if (names.length === 0)
    throw new CommandFailure(EXIT_CODE.notFound, `no tag of "${source.name}" ${match || exclude ? "matches" : "is there"}`);
  if (target.transport === "registry" && source.location.transport !== "registry" && names.some((name) => /[:/]/.test(name)))
    throw new CommandFailure(
      EXIT_CODE.usage,
      `images of "${source.name}" have whole names, not tags: use berth load ${source.location.path} ${formatName(target.reference)}`,
    );
  await keepArchive(session, target, names, flags);
  const batch = new Batch(session, { keepGoing: names.length > 1 && settings.atomic !== true }); // atomic: all of them, or none
  const nameOf = (tag: string): string => describeLocation(source.location, tag);
  if (dryRun === true) {
    const roots = new Map<string, Descriptor>();
    const look = async (tag: string): Promise<void> =>
      await batch.attempt(nameOf(tag), async () => void roots.set(tag, await source.target.resolve(tag, call)));
    for await (const _ of inParallel(names, LOOK_UPS, look));
    const wanted = names.flatMap((tag): readonly (readonly [string, Descriptor])[] => {
      const root = roots.get(tag);
      return root === undefined ? [] : [[tag, root]];
    });
    batch.throwIfAll(names.length);
    const found = await previewTags(
      session,
      target,
      wanted,
      settings.existingTags,
      async (tag, error) => await batch.fail(nameOf(tag), error),
    );
    const checked = { ...settings, ...call, onPlatformMissing: platformWarning(session) };
    const check = async (tag: CopiedTag): Promise<readonly CopiedTag[]> => {
      const would: CopiedTag[] = [];
      await batch.attempt(nameOf(tag.tag), async () => {
        const root = roots.get(tag.tag);
        if (root !== undefined) await previewPlatforms(source.target, root, [tag], checked);
        would.push(tag);
      });
      return would;
    };
    const would = (await Array.fromAsync(inParallel(found, LOOK_UPS, check))).flat();
    batch.throwIfAll(names.length);
    const told = copiedFields(previewPlace(target), undefined, would);
    await printCopied(session, { source: source.name, ...told, ...failuresOf(batch), dryRun: true });
    return batch.end(names.length);
  }
  const { copyTags } = await import("@berth/transfer");
  const stdoutIsData = isStdout(target);
  const copied = await withDestination(
    session,
    target,
    async (destination) => {
      const { tags, stats } = await withTransfer(session, { ...flags, stdoutIsData }, async (transfer) => {
        const pace = await transfer.between({ source: source.repository, destination: destination.repository });
        if (flags.verifyLayers === true) await verifyImages(source, destination, names, flags, session.signal);
        const done = await copyAllTags(batch, names, nameOf, async (options) => {
          const wanted = { ...settings, ...pace, ...options, onPlatformMissing: platformWarning(session) };
          return await copyTags(source.target, names, destination.target, wanted);
        });
        const moved = new Set(done.tags.filter(({ outcome }) => outcome !== "kept").map(({ digest }) => digest));
        const isRestyled = (flags.referrersStyle ?? "keep") !== "keep";
        const found = inParallel(isRestyled ? moved : [], LOOK_UPS, async (one) => await source.target.resolve(one, call));
        const roots = await Array.fromAsync(found);
        return await withSignatures({ source, destination, flags, pace }, roots, done);
      });
      return { source: source.name, ...copiedFields(destination, undefined, tags), ...failuresOf(batch), stats };
    },
    { side: "to" },
  );
  await writeRefsFile(flags.refsFile, copied);
  await printCopied(session, copied, stdoutIsData);
  batch.end(names.length);
}

/** The result of a copy, with what it took to bring signatures in another form. */
async function withSignatures<T extends { readonly stats: CopyStats }>(
  { flags, ...job }: Pick<RestyleJob, "source" | "destination" | "pace"> & { readonly flags: CpFlags },
  roots: readonly Descriptor[],
  done: T,
): Promise<T> {
  const isPartial = flags.platforms !== undefined || flags.indexOnly === true;
  const moved = await restyleSignatures({ ...job, roots, style: flags.referrersStyle, isPartial });
  return { ...done, stats: addStats(done.stats, moved) };
}

/** Nothing is written before every image was found to be what it should be. */
async function verifyImages(
  source: Place,
  destination: Destination,
  references: readonly string[],
  flags: CpFlags,
  signal: AbortSignal,
): Promise<void> {
  for (const reference of references) {
    const one = { target: source.target, reference };
    const chosen = await imageToCopy(one, destination, flags.platform, { signal });
    await verifyLayers(one, chosen ?? (await source.target.resolve(reference, { signal })), { signal, ...layerLimits(flags) });
  }
}

function checkMany(source: Location, target: Location, tags: readonly string[], { digestFile }: CpFlags): void {
  if (source.transport === "docker-archive") {
    const to = target.transport === "registry" ? formatName(target.reference) : "HOST/NAME";
    const one = `or copy one of them: docker-archive:${source.path}:NAME:TAG`;
    throw new CommandFailure(
      EXIT_CODE.usage,
      `images of a docker archive have whole names, not tags: use berth load ${source.path} ${to}, ${one}`,
    );
  }
  if (tags.length > 0 || ownReference(target) !== "")
    throw new CommandFailure(EXIT_CODE.usage, "with all tags each keeps its name: leave the tag of the destination away");
  if (digestFile !== undefined) throw contradiction("--digest-file", "all tags");
  if (target.transport === "docker-archive")
    throw new CommandFailure(EXIT_CODE.usage, "to save several images in a docker archive use berth save");
}
