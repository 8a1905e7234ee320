import { type Descriptor, isDigest } from "@berth/oci";
import { Argument, Command, Option } from "commander";
import { addHelp } from "../command/add-help.ts";
import { morePairs, type Pairs } from "../change/edit-flags.ts";
import { dryTarget } from "../change/dry-target.ts";
import { type EntryName, moreEntries, resolveNamed, withEntries } from "../change/index-entries.ts";
import { setTags } from "../change/set-tags.ts";
import { describeLocation } from "../connect/describe-location.ts";
import { keepArchive, overwriteOption } from "../connect/keep-archive.ts";
import { withDestination } from "../connect/destination.ts";
import { parsePlace } from "../connect/parse-place.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { COPIED_FIELDS, copiedFields, printCopied, writeDigestFile } from "../transfer/copied.ts";
import { previewTags } from "../transfer/preview-copy.ts";
import { addTransferFlags, digestFileOption, more, type TransferFlags } from "../transfer/transfer-flags.ts";
import { withTransfer } from "../transfer/with-transfer.ts";

const FAMILIES = ["oci", "docker"] as const;

interface IndexCreateFlags extends TransferFlags {
  readonly overwrite?: boolean;
  readonly annotation?: Pairs;
  readonly entryAnnotation?: Pairs;
  readonly subject?: string;
  readonly artifactType?: string;
  readonly as: (typeof FAMILIES)[number];
  readonly flatten?: boolean;
  readonly tag?: readonly string[];
  readonly dryRun?: boolean;
  readonly digestFile?: string;
}

/** Whether flags say what an index without entries is for. One of nothing would only take the place of what the reference names. */
function isMeantEmpty({ annotation, artifactType, subject }: IndexCreateFlags): boolean {
  return annotation !== undefined || artifactType !== undefined || subject !== undefined;
}

/** `berth index create`. */
export function indexCreateCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "where the index goes, with its tag")
    .addArgument(
      new Argument("[entry...]", "images and artifacts: references, or tags and digests of the same place; =os/arch names the platform")
        .argParser(moreEntries)
        .default([], "none"),
    )
    .option("-a, --annotation <name=value>", "annotate the index; repeatable", morePairs)
    .option("--entry-annotation <name=value>", "annotate every entry; repeatable", morePairs)
    .option("--subject <reference>", "what the index refers to, so that it is found from there")
    .option("--artifact-type <type>", "say what the index holds")
    .addOption(new Option("--as <family>", "media type: an OCI index, or a manifest list of Docker").choices(FAMILIES).default("oci"))
    .option("--flatten", "of an index among the entries take its entries, not itself")
    .option("-t, --tag <tag>", "tag it so, too; repeatable", more)
    .addOption(overwriteOption())
    .addOption(digestFileOption())
    .option("--dry-run", "make it, tell its digest, and write nothing")
    .action(
      act(options, async (session, text: string, names: readonly EntryName[], flags: IndexCreateFlags) => {
        if (names.length === 0 && !isMeantEmpty(flags))
          throw new CommandFailure(
            EXIT_CODE.usage,
            "an index of nothing: name its images; --tag gives it more tags than that of its reference",
          );
        const misplaced = flags.tag?.find((tag) => tag.includes("/"));
        // with docker buildx and crane it is where the index goes: the first image would be replaced by it here
        if (misplaced !== undefined)
          throw new CommandFailure(EXIT_CODE.usage, `--tag takes tags alone, not "${misplaced}": the index goes to what is named first`);
        const { namesWithin, tagsWithin } = await import("@berth/transfer/location");
        const { checkDigests, copyGraph, createIndex } = await import("@berth/transfer");
        const index = parsePlace(text);
        const tags = tagsWithin(index, [...namesWithin(index), ...(flags.tag ?? [])]);
        await keepArchive(session, index, tags, flags);
        const { annotation, artifactType, entryAnnotation, flatten, as: family, dryRun } = flags;
        const subject = flags.subject === undefined ? undefined : await resolveNamed(session, index, flags.subject);
        const isStdout = index.transport !== "registry" && index.path === "-";
        const { signal } = session;
        await withEntries(session, names, { index, annotations: entryAnnotation, flatten }, async (manifests) => {
          const wanted = {
            manifests,
            family,
            signal,
            ...(annotation && { annotations: annotation }),
            ...(artifactType !== undefined && { artifactType }),
            ...(subject && { subject }),
          };
          const makeDry = async (): Promise<Descriptor> => await createIndex(dryTarget(), { ...wanted, copy: async () => undefined });
          if (dryRun === true) {
            const made = await makeDry();
            const named = await previewTags(
              session,
              index,
              tags.map((tag) => [tag, made]),
              "overwrite",
            );
            const told = copiedFields({ describe: (reference) => describeLocation(index, reference) }, made, named);
            return await printCopied(session, { ...told, dryRun: true });
          }
          if (tags.some(isDigest)) checkDigests(tags, await makeDry()); // before anything is written
          const told = await withDestination(
            session,
            index,
            async (destination) => {
              const { target } = destination;
              const made = await withTransfer(session, { ...flags, stdoutIsData: isStdout }, async (transfer) => {
                const pace = await transfer.between({ destination: destination.repository });
                return await createIndex(target, {
                  ...wanted,
                  copy: async (content, from, call) => void (await copyGraph(from, content, target, { ...pace, ...call })),
                });
              });
              const named = await setTags(target, made, tags, { signal });
              await writeDigestFile(flags.digestFile, made);
              return copiedFields(destination, made, named);
            },
            { side: "to" },
          );
          await printCopied(session, told, isStdout);
        });
      }),
    );
  addRegistryFlags(addTransferFlags(command.addOption(maxRatioOption())), { twoSides: true });
  return addHelp(command, {
    text: [
      "Entries from elsewhere are copied first, with all that belongs to them. The platform of an entry is that of its config, unless you",
      "name another one. A word alone is a tag where the index goes: debian:12 is an image of Docker Hub, 12 a tag.",
    ].join("\n"),
    examples: [
      ["berth index create localhost:5000/app:v1 v1-amd64 v1-arm64", "of tags of the same repository"],
      ["berth index create localhost:5000/app:v1 oci:build:amd64 oci:build:arm64", "of images of a layout, which are copied"],
      ["berth index create localhost:5000/app:v1 amd64 tool=linux/riscv64", "naming the platform of one that does not say it"],
      ["berth index create --annotation org.opencontainers.image.version=1 oci:images:v1 debian:12 --flatten", "annotated, into a layout"],
      ["berth index create --artifact-type application/vnd.acme.set --subject v1 localhost:5000/app:set", "empty, referring to an image"],
    ],
    output: Object.fromEntries(Object.entries(COPIED_FIELDS).filter(([name]) => name !== "source" && !name.startsWith("stats."))),
  });
}
