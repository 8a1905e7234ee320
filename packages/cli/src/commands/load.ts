import { type CallOptions, type Digest, formatName, formatReference, parseNormalizedNamed, withTag } from "@berth/oci";
import { Command } from "commander";
import type { CopiedTag, CopyStats } from "@berth/transfer";
import type { CompressionFlags } from "../change/compression-flags.ts";
import { addHelp } from "../command/add-help.ts";
import { withDestination } from "../connect/destination.ts";
import { parsePlace, withoutScheme } from "../connect/parse-place.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { oneLine } from "../output/plain-text.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { addStats, NO_STATS } from "../transfer/add-stats.ts";
import { type Copied, COPIED_FIELDS, copiedFields, printCopied } from "../transfer/copied.ts";
import { pushOrOnlyImage } from "../transfer/only-image.ts";
import { addArchiveFormFlags, archiveForm } from "../transfer/archive-form.ts";
import { Batch, failuresOf, keepGoingOption } from "../transfer/batch.ts";
import { previewTags } from "../transfer/preview-copy.ts";
import { addTransferFlags, type TransferFlags } from "../transfer/transfer-flags.ts";
import { type Transfer, withTransfer } from "../transfer/with-transfer.ts";
import { withArchive } from "../transfer/archive-kind.ts";

interface LoadFlags extends CompressionFlags, TransferFlags {
  readonly registry?: string;
  readonly dryRun?: boolean;
  readonly keepGoing?: boolean;
}

/** `berth load`. */
export function loadCommand(options: RunOptions): Command {
  const command = addArchiveFormFlags(new Command())
    .argument("<file>", "an archive of docker save, an OCI archive, the folder of an OCI layout; - for standard input")
    .argument("[destination]", "HOST/NAME:TAG for the only image; HOST/NAME for all of them, each with its tag")
    .option("--registry <host>", "push every image under its own name to this registry, perhaps with a folder: localhost:5000/mirror")
    .addOption(maxRatioOption())
    .option("--dry-run", "only say which images go where")
    .addOption(keepGoingOption())
    .action(
      act(options, async (session, file: string, destination: string | undefined, flags: LoadFlags) => {
        if (destination !== undefined && flags.registry !== undefined)
          throw new CommandFailure(EXIT_CODE.usage, "cannot use --registry with a destination: both say where the images go");
        if (destination === undefined && flags.registry === undefined)
          throw new CommandFailure(EXIT_CODE.usage, "say where the images go: a destination, or --registry HOST");
        if (destination !== undefined) parsePlace(destination); // before the archive is read, which may come through a pipe
        await withArchive(session, file, async (place) => {
          const form = archiveForm(parsePlace(place), { transport: "registry" }, flags);
          await withPlace(session, place, async (source) => await loadFrom(session, source, destination, flags), form);
        });
      }),
    );
  addRegistryFlags(addTransferFlags(command));
  return addHelp(command, {
    text: [
      "Which kind of archive it is, and whether it is compressed, is found out. Of an index of which it has one image alone, that image is",
      "pushed, and a warning says so. Layers of docker archives are compressed, with gzip unless --compression says otherwise; those that are",
      "already stay as they are.",
    ].join("\n"),
    examples: [
      ["berth load app.tar localhost:5000/app:v1", "the only image of an archive"],
      ["docker save app:v1 app:v2 | berth load - localhost:5000/team/app", "two images, each with its tag"],
      ["berth load --registry localhost:5000/mirror images.tar", "each under its own name"],
      ["berth load ./layout localhost:5000/app", "the folder of an OCI layout"],
    ],
    output: {
      ...COPIED_FIELDS,
      "failures[].source": "with --keep-going: what could not be pushed",
      "failures[].class": "what the failure means, with code, message, registry, status and hint",
    },
  });
}

/** One image of an archive, and where it goes. */
interface Load {
  /** Its name in the archive; "" for the only one. */
  readonly name: string;
  readonly to: ReturnType<typeof withTag>;
  /** What it has to be, where the destination says so. */
  readonly digest?: Digest;
}

async function loadFrom(session: Session, source: Place, destination: string | undefined, flags: LoadFlags): Promise<void> {
  const call = { signal: session.signal };
  const names = await Array.fromAsync(source.target.tags?.(call) ?? []);
  const loads = await withoutClashes(
    source,
    destination === undefined ? byName(names, flags.registry ?? "") : intoOne(names, destination),
    call,
  );
  const results: Copied["tags"][number][] = [];
  const batch = new Batch(session, flags);
  let stats: CopyStats | undefined;
  const add = (told: Pick<Copied, "tags">): void => void results.push(...told.tags);
  if (flags.dryRun === true) {
    for (const { name, to, digest } of loads) {
      const root = await source.target.resolve(name, call);
      const location = { transport: "registry", reference: to } as const;
      const wanted = [to.tag, ...(digest === undefined ? [] : [digest])].map((tag) => [tag, root] as const);
      const tags = await previewTags(session, location, wanted, "overwrite");
      add(copiedFields({ describe: (tag) => `${formatName(to)}:${tag}` }, root, tags));
    }
  } else {
    stats = await withTransfer(session, flags, async (transfer) => {
      let total = NO_STATS;
      for (const load of loads) {
        await batch.attempt(load.name, async () => {
          const done = await loadOne(session, source, load, transfer);
          add(done);
          total = addStats(total, done.stats);
        });
      }
      batch.throwIfAll(loads.length);
      return total;
    });
  }
  const [only] = results;
  const reference = results.length === 1 && only !== undefined ? only.reference : (destination ?? flags.registry ?? "");
  const one = results.length === 1 && only !== undefined ? { digest: only.digest, size: only.size } : {};
  await printCopied(session, {
    source: source.name,
    reference,
    ...one,
    tags: results,
    ...failuresOf(batch),
    ...(stats ? { stats } : { dryRun: true }),
  });
  batch.end(loads.length);
}

/** An image must not take the tag of another one of the same archive. @returns each tag once. @throws {CommandFailure} exit code 5. */
async function withoutClashes({ target }: Place, loads: readonly Load[], call: CallOptions): Promise<readonly Load[]> {
  const byTag = new Map<string, Load>();
  for (const load of loads) {
    const to = formatReference(load.to);
    const before = byTag.get(to);
    if (before === undefined) byTag.set(to, load);
    else if ((await target.resolve(before.name, call)).digest !== (await target.resolve(load.name, call)).digest) {
      const both = `"${oneLine(before.name)}" and "${oneLine(load.name)}" are different images, and would both be ${to}`;
      throw new CommandFailure(EXIT_CODE.conflict, `${both}: --registry HOST/FOLDER gives each its own name, berth cp takes one`);
    }
  }
  return [...byTag.values()];
}

async function loadOne(
  session: Session,
  source: Place,
  { name, to, digest }: Load,
  transfer: Transfer,
): Promise<Pick<Copied, "tags"> & { readonly stats: CopyStats }> {
  const { copy } = await import("@berth/transfer");
  return await withDestination(session, { transport: "registry", reference: to }, async (destination) => {
    const pace = await transfer.between({ source: source.repository, destination: destination.repository });
    const image = { ...source, reference: name };
    const done = await pushOrOnlyImage(session, image, async ({ target, reference }) => {
      return await copy(target, reference, destination.target, [to.tag, ...(digest === undefined ? [] : [digest])], pace);
    });
    const tags: readonly CopiedTag[] = done.tags;
    return { ...copiedFields(destination, done.descriptor, tags), stats: done.stats };
  });
}

function byName(names: readonly string[], registry: string): readonly Load[] {
  if (names.length === 0) throw new CommandFailure(EXIT_CODE.usage, "the images have no names: give a destination");
  return names.map((name) => {
    if (!/[:/]/.test(name)) throw new CommandFailure(EXIT_CODE.usage, `"${name}" is a tag without a name: give a destination`);
    const { path, tag = "latest" } = parseNormalizedNamed(name);
    return { name, to: withTag(parseNormalizedNamed(`${withoutScheme(registry).replace(/\/+$/, "")}/${path}`), tag) };
  });
}

function intoOne(names: readonly string[], destination: string): readonly Load[] {
  const location = parsePlace(destination);
  if (location.transport !== "registry")
    throw new CommandFailure(EXIT_CODE.usage, `"${destination}" is no registry: berth cp writes there`);
  const named = location.reference;
  const { domain, path, tag, digest } = named;
  if (digest !== undefined && tag === undefined) throw new CommandFailure(EXIT_CODE.usage, "a digest cannot be pushed to: give a tag");
  if (tag !== undefined || names.length === 0) {
    if (names.length > 1)
      throw new CommandFailure(EXIT_CODE.usage, `there are ${names.length} images: leave the tag away, then each keeps its own`);
    return [{ name: "", to: withTag({ domain, path }, tag ?? "latest"), ...(digest !== undefined && { digest }) }];
  }
  return names.map((name) => ({
    name,
    to: withTag({ domain, path }, /[:/]/.test(name) ? (parseNormalizedNamed(name).tag ?? "latest") : name),
  }));
}
