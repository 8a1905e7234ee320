import {
  bytesSource,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  digestAlgorithm,
  DigestMismatchError,
  InvalidManifestError,
  isDigest,
  parseJsonObject,
  parseTag,
  sniffMediaType,
  UnsupportedError,
} from "@berth/oci";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { type Place, withPlace } from "../connect/place.ts";
import { inputBytes } from "../content/input-bytes.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { more } from "../transfer/transfer-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";

interface ManifestPutFlags {
  readonly mediaType?: string;
  readonly tag?: readonly string[];
}

/** Bytes that registries take at most. */
const MAX_MANIFEST = 4_194_304;

/** `berth manifest put`. */
export function manifestPutCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "where it goes: a tag, a digest that is checked, or a repository alone for its own digest")
    .argument("[file]", "the manifest; - or none for standard input", "-")
    .option("--media-type <type>", "its type; default: what it says, or looks like")
    .option("--tag <tag>", "tag it so, too; repeatable", more)
    .action(
      act(options, async (session, text: string, file: string, flags: ManifestPutFlags) => {
        const bytes = await inputBytes(session.io, file, MAX_MANIFEST);
        const mediaType = flags.mediaType ?? sniffMediaType(parseJsonObject(bytes));
        if (mediaType === undefined) throw new InvalidManifestError("its type cannot be told: name it with --media-type");
        const { artifactType, annotations } = decodeManifest(bytes, mediaType);
        await withPlace(session, text, async (place, call) => {
          const descriptor = await put(place, bytes, mediaType, flags.tag ?? [], call);
          const reference = place.describe(descriptor.digest);
          await session.print({
            data: { reference, mediaType, digest: descriptor.digest, size: descriptor.size, artifactType, annotations },
            text: () => `${reference}\n`,
          });
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet"));
  return addHelp(command, {
    text: "The bytes are sent as they are. What it names has to be there already.",
    examples: [
      ["berth manifest put localhost:5000/app:v1 manifest.json", "from a file"],
      ["berth manifest get a.test/app:v1 | berth manifest put --tag latest b.test/app:v1", "from elsewhere, under two tags"],
    ],
    output: {
      reference: "the place, with its digest",
      mediaType: "of the manifest",
      digest: "of the manifest",
      size: "bytes of the manifest",
      artifactType: "if it has one",
      annotations: "of the manifest",
    },
  });
}

async function put(place: Place, bytes: Uint8Array, mediaType: string, more: readonly string[], call: CallOptions): Promise<Descriptor> {
  const { location, repository } = place;
  if (repository === undefined || location.transport !== "registry") throw new UnsupportedError(`put a manifest into "${place.name}"`);
  const { tag, digest } = location.reference;
  const { descriptorOf } = await import("@berth/oci/node");
  const descriptor = descriptorOf(mediaType, bytes, digest && digestAlgorithm(digest));
  if (digest !== undefined && digest !== descriptor.digest) throw new DigestMismatchError({ expected: digest, actual: descriptor.digest });
  const tags = [...(tag === undefined || isDigest(tag) ? [] : [tag]), ...more.map(parseTag)];
  if (tags.length === 0) await repository.manifests.push(descriptor, bytesSource(bytes), call);
  else await repository.manifests.pushTags(descriptor, bytesSource(bytes), tags, call);
  return descriptor;
}
