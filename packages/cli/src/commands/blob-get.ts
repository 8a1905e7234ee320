import { type ByteStream, type CallOptions, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { Command, InvalidArgumentError } from "commander";
import { addHelp } from "../command/add-help.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { blobDigest, statBlob } from "../content/blob-place.ts";
import { ifThere } from "../content/tag-details.ts";
import { writeContent } from "../content/write-content.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { maxRatioOption } from "../flags/limit-flags.ts";
import { idOf } from "../progress/counted.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface Range {
  readonly offset: number;
  readonly length?: number;
}

interface BlobGetFlags {
  readonly output?: string;
  readonly range?: Range;
}

/** `berth blob get`. */
export function blobGetCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "a blob: HOST/NAME@DIGEST, oci:FOLDER@DIGEST")
    .option("-o, --output <file>", "write it to this file, which is there when all of it is; - for standard output")
    .option("--range <first-last>", "these bytes only: 0-99, 100-", parseRange)
    .action(
      act(options, async (session, text: string, { output, range }: BlobGetFlags) => {
        const { io } = session;
        if (output === undefined && io.stdout.isTTY === true)
          throw new CommandFailure(
            EXIT_CODE.usage,
            "will not write a blob to a terminal: name a file with --output, or - to do it all the same",
          );
        const toFile = output === undefined || output === "-" ? undefined : output;
        if (toFile === undefined) session.leaveStdout();
        await withPlace(session, text, async (place, call) => {
          const { descriptor, content } = await adviseOnManifest(place, call, async () => await openBlob(place, range, call));
          const total =
            range === undefined ? descriptor.size : Math.min(descriptor.size - range.offset, range.length ?? Number.POSITIVE_INFINITY);
          await writeContent(session, content, toFile, { id: idOf(descriptor.digest), action: "downloading", total }, call);
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command.addOption(maxRatioOption()), "quiet", "progress"));
  return addHelp(command, {
    text: "The bytes are checked as they come: when they are not those of the digest, the command fails. A range cannot be checked.",
    examples: [
      ["berth blob get -o layer.tar.gz localhost:5000/app@sha256:...", "a layer into a file"],
      ["berth blob get localhost:5000/app@sha256:... | tar tzf -", "look into it on the way"],
      ["berth blob get --range 0-511 localhost:5000/app@sha256:... | xxd", "how it starts"],
    ],
  });
}

/** Manifests are no blobs of a registry, though both are named by digests. */
async function adviseOnManifest<T>(place: Place, call: CallOptions, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof Error) || !isMissing(error)) throw error;
    const found = await ifThere(async () => await place.target.resolve(place.reference, call));
    throw found === undefined ? error : new AdvisedError(error, `it is a manifest: berth manifest get ${place.describe()}`);
  }
}

async function openBlob(
  place: Place,
  range: Range | undefined,
  call: CallOptions,
): Promise<{ descriptor: Descriptor; content: ByteStream }> {
  const digest = blobDigest(place);
  if (range === undefined && place.repository !== undefined) return await place.repository.blobs.fetchReference(digest, call);
  const descriptor = { ...(await statBlob(place, call)), mediaType: MEDIA_TYPES.octetStream };
  if (range !== undefined && range.offset >= Math.max(1, descriptor.size))
    throw new CommandFailure(EXIT_CODE.usage, `the blob has ${descriptor.size} bytes, none from ${range.offset} on`);
  return { descriptor, content: await (place.repository?.blobs ?? place.target).fetch(descriptor, { ...call, ...range }) };
}

function parseRange(text: string): Range {
  const [, first, last] = /^(\d{1,15})-(\d{1,15})?$/.exec(text) ?? [];
  const offset = Number(first);
  const length = last === undefined ? undefined : Number(last) - offset + 1;
  if (first === undefined || (length !== undefined && length < 1)) throw new InvalidArgumentError("expected FIRST-LAST or FIRST-, from 0");
  return { offset, ...(length !== undefined && { length }) };
}
