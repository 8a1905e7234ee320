import { basename } from "node:path";
import { type Digest, digestAlgorithm, DigestMismatchError, isDigest, MEDIA_TYPES, UnsupportedError } from "@berth/oci";
import type { RemoteRepository } from "@berth/client";
import { Command, InvalidArgumentError } from "commander";
import { addHelp } from "../command/add-help.ts";
import { withPlace } from "../connect/place.ts";
import { inputStream } from "../content/input-stream.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { counted, idOf } from "../progress/counted.ts";
import type { ProgressView } from "../progress/view.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";
import { type ChunkSize, chunkSizeOption, UploadLimits } from "../transfer/upload-limits.ts";

interface BlobPutFlags {
  readonly digest?: Digest;
  readonly chunkSize?: ChunkSize;
}

/** What was stored. */
interface StoredBlob {
  readonly digest: Digest;
  readonly size: number;
}

/** `berth blob put`. */
export function blobPutCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<repository>", "where it goes: HOST/NAME")
    .argument("[file]", "the content; - or none for standard input", "-")
    .option("--digest <digest>", "store nothing when the content has another digest", parseExpected)
    .addOption(chunkSizeOption())
    .action(
      act(options, async (session, text: string, file: string, flags: BlobPutFlags) => {
        await withPlace(session, text, async ({ repository, name, location }) => {
          if (repository === undefined || location.transport !== "registry") throw new UnsupportedError(`put a blob into "${name}"`);
          const expected = flags.digest ?? location.reference.digest;
          const limits = new UploadLimits(session, flags.chunkSize);
          const view = await session.openView();
          const input = { session, repository, view, expected, ...(await limits.apply(repository)) };
          let stored: StoredBlob;
          try {
            const stream = await inputStream(session.io, file);
            stored = await (stream === undefined
              ? putFile(input, file)
              : putStream(input, stream, file === "-" ? "stdin" : basename(file)));
          } finally {
            await limits.remember();
            view.end();
          }
          const reference = `${name}@${stored.digest}`;
          await session.print({
            data: { reference, mediaType: MEDIA_TYPES.octetStream, digest: stored.digest, size: stored.size },
            text: () => `${reference}\n`,
          });
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet", "progress"));
  return addHelp(command, {
    examples: [
      ["berth blob put localhost:5000/app layer.tar.gz", "a file; prints the reference of the blob"],
      ["tar cz src | berth blob put localhost:5000/app", "standard input, however long, in little memory"],
      ["berth blob put --chunk-size 50MiB localhost:5000/app layer.tar.gz", "through a proxy that takes no larger requests"],
      ["berth blob put --digest sha256:... localhost:5000/app file", "only if it is what it should be"],
    ],
    output: { reference: "the blob", mediaType: "that registries give to blobs", digest: "of the blob", size: "bytes" },
  });
}

interface PutInput {
  readonly session: Session;
  readonly repository: RemoteRepository;
  readonly view: ProgressView;
  readonly expected: Digest | undefined;
  readonly chunkSize?: number;
}

/** A file is hashed first: what is wrong is not sent, what is there is not sent again. */
async function putFile({ session, repository, view, expected, chunkSize }: PutInput, file: string): Promise<StoredBlob> {
  const { createDigester, fileSource } = await import("@berth/oci/node");
  const { signal } = session;
  const source = await fileSource(file);
  const digester = createDigester(expected && digestAlgorithm(expected));
  const reading = { id: basename(file), action: "verifying", total: source.size } as const;
  for await (const chunk of counted(source.openPassing?.() ?? source, view, reading)) {
    signal.throwIfAborted();
    digester.update(chunk);
  }
  const digest = digester.digest();
  if (expected !== undefined && expected !== digest) throw new DigestMismatchError({ expected, actual: digest });
  const { size } = digester;
  const id = idOf(digest);
  let sent = false;
  await repository.blobs.push({ mediaType: MEDIA_TYPES.octetStream, digest, size }, source, {
    signal,
    skipExisting: true,
    onProgress: ({ sent: current, total }) => {
      sent = true;
      view.take({ id, action: "uploading", current, total, last: false });
    },
    ...(chunkSize !== undefined && { chunkSize }),
  });
  view.take({ id, action: sent || size === 0 ? "done" : "exists", current: size, total: size, last: true });
  return { digest, size };
}

/** What can be read once is hashed as it is sent. */
async function putStream(
  { session, repository, view, expected, chunkSize }: PutInput,
  input: AsyncIterable<Uint8Array>,
  id: string,
): Promise<StoredBlob> {
  const { createDigester } = await import("@berth/oci/node");
  const { createBlobUploader } = await import("@berth/client");
  const { signal } = session;
  const algorithm = expected && digestAlgorithm(expected);
  const digester = createDigester(algorithm);
  const uploader = createBlobUploader(repository.connection, repository.name, { ...(chunkSize !== undefined && { chunkSize }) });
  const upload = await uploader.create({ signal, ...(algorithm && { digestAlgorithm: algorithm }) });
  try {
    await upload.writeFrom(counted(hashed(input, digester), view, { id, action: "uploading", total: 0 }), { signal });
    const digest = digester.digest();
    if (expected !== undefined && expected !== digest) throw new DigestMismatchError({ expected, actual: digest });
    await upload.commit({ digest, size: digester.size }, { signal });
    return { digest, size: digester.size };
  } catch (error) {
    await upload.cancel().catch(() => undefined); // the error before it is the one to tell
    throw error;
  }
}

async function* hashed(source: AsyncIterable<Uint8Array>, digester: { update(chunk: Uint8Array): void }): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    digester.update(chunk);
    yield chunk;
  }
}

function parseExpected(text: string): Digest {
  if (!isDigest(text)) throw new InvalidArgumentError("expected a digest such as sha256:...");
  return text;
}
