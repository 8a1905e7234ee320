import {
  bytesSource,
  decodeManifest,
  type Descriptor,
  digestAlgorithm,
  DigestMismatchError,
  InvalidManifestError,
  isDigest,
  type Manifest,
  parseJsonObject,
  sniffMediaType,
} from "@berth/oci";
import { tagsWithin } from "@berth/transfer/location";
import { Command } from "commander";
import { addHelp } from "../command/add-help.ts";
import { type Destination, withDestination } from "../connect/destination.ts";
import { checkBelow } from "../content/check-below.ts";
import { inputBytes } from "../content/input-bytes.ts";
import { MANIFEST_FIELDS } from "../content/manifest-fields.ts";
import { putPlace, type PutPlace } from "../content/put-place.ts";
import { addOutputFlags, addRegistryFlags } from "../flags/add-flags.ts";
import { openIfThere } from "../transfer/preview-copy.ts";
import { more } from "../transfer/transfer-flags.ts";
import type { RunOptions } from "../run-options.ts";
import { act } from "../session/act.ts";
import type { Session } from "../session/session.ts";

interface ManifestPutFlags {
  readonly mediaType?: string;
  readonly tag?: readonly string[];
  readonly dryRun?: boolean;
}

/** Bytes that registries take at most. */
const MAX_MANIFEST = 4_194_304;

/** `berth manifest put`. */
export function manifestPutCommand(options: RunOptions): Command {
  const command = new Command()
    .argument("<reference>", "where it goes: a tag, a digest that is checked, or a repository or layout alone for its own digest")
    .argument("[file]", "the manifest; - or none for standard input", "-")
    .option("--media-type <type>", "its type; default: what it says, or looks like")
    .option("--tag <tag>", "tag it so, too; repeatable", more)
    .option("--dry-run", "only say what would be done")
    .action(
      act(options, async (session, text: string, file: string, flags: ManifestPutFlags) => {
        const place = putPlace(text);
        const { dryRun } = flags;
        const job = await read(session, place, file, flags);
        await (dryRun === true
          ? check(job, session)
          : withDestination(session, place.location, async (into) => await put(into, job, session)));
        const { descriptor, manifest, tags } = job;
        const { mediaType, digest, size } = descriptor;
        const { artifactType, annotations } = manifest;
        const reference = place.describe(digest);
        const lines = [`would put manifest ${reference}`, ...tags.map((tag) => `would tag ${place.describe(tag)} as ${digest}`)];
        await session.print({
          data: { reference, mediaType, digest, size, artifactType, annotations, ...(dryRun === true && { dryRun }) },
          text: () => (dryRun === true ? `${lines.join("\n")}\n` : `${reference}\n`),
        });
      }),
    );
  addRegistryFlags(addOutputFlags(command, "format", "quiet"));
  return addHelp(command, {
    text: "The bytes are sent as they are. What it names has to be there already.",
    examples: [
      ["berth manifest put localhost:5000/app:v1 manifest.json", "from a file"],
      ["berth manifest get a.test/app:v1 | berth manifest put --tag latest b.test/app:v1", "from elsewhere, under two tags"],
      ["berth manifest put oci:folder:v1 manifest.json", "into an OCI layout"],
    ],
    output: {
      ...MANIFEST_FIELDS,
      artifactType: "if it has one",
      annotations: "of the manifest",
      dryRun: "true, when nothing was done",
    },
  });
}

/** A manifest, and where it goes. */
interface PutJob {
  readonly place: PutPlace;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly tags: readonly string[];
}

/** Reads what is to be put, and finds what is wrong with it before anything is opened. */
async function read(
  session: Session,
  place: PutPlace,
  file: string,
  { mediaType: given, tag: tags = [] }: ManifestPutFlags,
): Promise<PutJob> {
  const bytes = await inputBytes(session.io, file, MAX_MANIFEST);
  const mediaType = given ?? sniffMediaType(parseJsonObject(bytes));
  if (mediaType === undefined) throw new InvalidManifestError("its type cannot be told: name it with --media-type");
  const manifest = decodeManifest(bytes, mediaType);
  const { tag, digest } = place;
  const { descriptorOf } = await import("@berth/oci/node");
  const descriptor = descriptorOf(mediaType, bytes, digest && digestAlgorithm(digest));
  if (digest !== undefined && digest !== descriptor.digest) throw new DigestMismatchError({ expected: digest, actual: descriptor.digest });
  const wanted = [...(tag === undefined ? [] : [tag]), ...tags];
  return { place, descriptor, manifest, tags: tagsWithin(place.location, wanted).filter((one) => !isDigest(one)) };
}

async function put({ repository, target }: Destination, { place, descriptor, manifest, tags }: PutJob, session: Session): Promise<void> {
  const { signal } = session;
  const content = bytesSource(manifest.raw);
  if (repository !== undefined && tags.length > 0) return await repository.manifests.pushTags(descriptor, content, tags, { signal });
  if (repository !== undefined) return await repository.manifests.push(descriptor, content, { signal });
  await checkBelow(target, place.describe(""), manifest, { signal });
  await target.push(descriptor, content, { signal });
  for (const tag of tags) await target.tag(descriptor, tag, { signal });
}

/** Of a layout it can be told without writing whether it would take the manifest. */
async function check({ place, manifest }: PutJob, session: Session): Promise<void> {
  const { location } = place;
  if (location.transport === "registry") return;
  const there = await openIfThere(session, location);
  try {
    const { signal } = session;
    await checkBelow(there?.target, place.describe(""), manifest, { signal });
  } finally {
    await there?.close();
  }
}
