import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { type Digest, isDigest, MEDIA_TYPES } from "@berth/oci";
import { Command, InvalidArgumentError } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withDestination } from "../connect/destination.ts";
import { inputStream } from "../content/input-stream.ts";
import { putPlace } from "../content/put-place.ts";
import { type BlobWork, hashBlob, hashFile, type StoredBlob, storeFile, storeStream } from "../content/store-blob.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import { type ChunkSize, chunkSizeOption, UploadLimits } from "../transfer/upload-limits.ts";

interface BlobPutFlags {
  readonly digest?: Digest;
  readonly chunkSize?: ChunkSize;
  readonly dryRun?: boolean;
}

/** `berth blob put`. */
export function blobPutCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<place>", "where it goes: HOST/NAME, oci:FOLDER")
    .argument("[file]", "the content; - or none for standard input", "-")
    .option("--digest <digest>", "store nothing when the content has another digest", parseExpected)
    .addOption(chunkSizeOption())
    .option("--dry-run", "only say what would be done")
    .action(
      act(options, async (session, text: string, file: string, flags: BlobPutFlags) => {
        const place = putPlace(text);
        const { signal } = session;
        const stream = await inputStream(session, file);
        if (stream === undefined && (await stat(file)).isDirectory())
          throw new CommandFailure(EXIT_CODE.usage, `cannot read "${file}": it is a folder`);
        const view = await session.openView();
        const name = file === "-" ? "stdin" : basename(file);
        const work: BlobWork = { signal, view, name, expected: flags.digest ?? place.digest };
        let stored: StoredBlob;
        try {
          if (flags.dryRun === true) stored = await (stream === undefined ? hashFile(file, work) : hashBlob(stream, work));
          else {
            stored = await withDestination(session, place.location, async (destination) => {
              const limits = new UploadLimits(session, flags.chunkSize);
              const paced = { ...work, ...(destination.repository && (await limits.apply(destination.repository))) };
              try {
                return await (stream === undefined ? storeFile(file, destination, paced) : storeStream(stream, destination, paced));
              } finally {
                await limits.remember();
              }
            });
          }
        } finally {
          view.end();
        }
        const reference = place.describe(stored.digest);
        await session.print({
          data: {
            reference,
            mediaType: MEDIA_TYPES.octetStream,
            digest: stored.digest,
            size: stored.size,
            ...(flags.dryRun === true && { dryRun: true }),
          },
          text: () => (flags.dryRun === true ? `would put blob ${reference}\n` : `${reference}\n`),
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet", "progress"));
  return addHelp(command, {
    text: "An OCI layout is made where none is. What no image there leads to, `berth gc` takes away when it is an hour old.",
    examples: [
      ["berth blob put localhost:5000/app layer.tar.gz", "a file; prints the reference of the blob"],
      ["tar cz src | berth blob put localhost:5000/app", "standard input, however long, in little memory"],
      ["berth blob put oci:folder config.json", "into an OCI layout"],
      ["berth blob put --chunk-size 50MiB localhost:5000/app layer.tar.gz", "through a proxy that takes no larger requests"],
      ["berth blob put --digest sha256:... localhost:5000/app file", "only if it is what it should be"],
    ],
    output: {
      reference: "the blob",
      mediaType: "that registries give to blobs",
      digest: "of the blob",
      size: "bytes",
      dryRun: "true, when nothing was done",
    },
  });
}

function parseExpected(text: string): Digest {
  if (!isDigest(text)) throw new InvalidArgumentError("expected a digest such as sha256:...");
  return text;
}
