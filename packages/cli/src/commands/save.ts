import { formatName, isDigest, type Platform } from "@berth/oci";
import { Command, Option } from "commander";
import type { FileLocation } from "@berth/transfer/location";
import { addHelp } from "../command/add-help.ts";
import { type Destination, ownReference, withDestination } from "../connect/destination.ts";
import { type Place, withPlace, withSource } from "../connect/place.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addRegistryFlags } from "../flags/add-flags.ts";
import { platformOption } from "../flags/platform.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { addStats, NO_STATS } from "../transfer/add-stats.ts";
import { COPIED_FIELDS, copiedFields, printCopied } from "../transfer/copied.ts";
import { Batch, keepGoingOption } from "../transfer/batch.ts";
import { copyImage } from "../transfer/copy-image.ts";
import { addTransferFlags, type TransferFlags } from "../transfer/transfer-flags.ts";
import { withTransfer } from "../transfer/with-transfer.ts";
import type { CopiedTag } from "@berth/transfer";

interface SaveFlags extends TransferFlags {
  readonly output?: string;
  readonly formatArchive: "docker" | "oci";
  readonly platform?: Platform;
  readonly keepGoing?: boolean;
}

/** `berth save`. */
export function saveCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference...>", "the images")
    .option("-o, --output <file>", "the archive, which is there when all of it is; - for standard output")
    .addOption(new Option("--format-archive <kind>", "what kind of archive").choices(["docker", "oci"]).default("docker"))
    .addOption(platformOption("of an index, the image for this platform; default: this machine's, in an OCI archive all"))
    .addOption(keepGoingOption())
    .action(
      act(options, async (session, references: string[], flags: SaveFlags) => {
        const { formatArchive, platform, output = "-" } = flags;
        if (flags.output === undefined && session.io.stdout.isTTY === true)
          throw new CommandFailure(EXIT_CODE.usage, "will not write an archive to a terminal: name a file with --output");
        const to: FileLocation = { transport: formatArchive === "docker" ? "docker-archive" : "oci-archive", path: output };
        const isStdout = output === "-";
        const tags: CopiedTag[] = [];
        let stats = NO_STATS;
        const batch = new Batch(session, flags);
        const saved = await withDestination(session, to, async (destination) => {
          await withTransfer(session, { ...flags, stdoutIsData: isStdout }, async (transfer) => {
            for (const text of references) {
              await batch.attempt(text, async () => {
                // what went through a pipe cannot be taken back
                await (isStdout ? withPlace : withSource)(session, text, async (source) => {
                  const done = await copyImage(source, destination, nameIn(destination, source), {
                    ...(await transfer.between({ source: source.repository })),
                    ...(platform && { platform }),
                  });
                  tags.push(...done.tags);
                  stats = addStats(stats, done.stats);
                });
              });
            }
            batch.throwIfAll(references.length);
          });
          return copiedFields(destination, undefined, tags);
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
    output: COPIED_FIELDS,
  });
}

/** What an image is called in the archive: its whole name; nothing when it is known by its digest alone. */
function nameIn({ location: to }: Destination, { location }: Place): readonly string[] {
  if (location.transport === "registry") {
    const { tag, digest } = location.reference;
    return tag === undefined && digest !== undefined ? [] : [`${formatName(location.reference)}:${tag ?? "latest"}`];
  }
  const own = ownReference(location);
  if (own === "" || isDigest(own)) return [];
  return to.transport === "docker-archive" && !/[:/]/.test(own) ? [`${location.path.split(/[\\/]/).at(-1)?.toLowerCase()}:${own}`] : [own];
}
