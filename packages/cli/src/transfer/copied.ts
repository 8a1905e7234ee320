import type { Descriptor } from "@berth/oci";
import type { CopiedTag, CopyStats } from "@berth/transfer";
import type { Destination } from "../connect/destination.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { humanSize } from "../output/human.ts";
import type { Session } from "../session/session.ts";
import type { ToldFailure } from "./batch.ts";

/** What became of one tag. */
export interface ToldTag extends Pick<CopiedTag, "copied" | "outcome" | "tag">, Partial<Pick<CopiedTag, "digest" | "size">> {
  /** The place with the tag. */
  readonly reference: string;
  /** In a docker archive, instead of digest and size. */
  readonly imageId?: string;
}

/** What a copy is told as: fields of `--format json`. */
export interface Copied {
  /** As it is told; absent for what was made here. */
  readonly source?: string;
  /** Where it went: the place with its tag or digest. */
  readonly reference: string;
  readonly mediaType?: string | undefined;
  readonly digest?: string | undefined;
  /** Bytes of the manifest. */
  readonly size?: number | undefined;
  /** In a docker archive, instead of what tells of the manifest: what docker calls the image. */
  readonly imageId?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly tags: readonly ToldTag[];
  /** Of several images, those that got no tag. */
  readonly untagged?: readonly Omit<CopiedFields, "tags">[] | undefined;
  /** Of an artifact that was made of files. */
  readonly files?: readonly Descriptor[] | undefined;
  /** Of many tags, those that could not be copied. */
  readonly failures?: readonly ToldFailure[] | undefined;
  /** Present when nothing was written. */
  readonly dryRun?: true;
  /** What was moved; absent when nothing was to be. */
  readonly stats?: CopyStats;
}

/** Descriptions of the fields of `CopyStats`, for help. */
export const STATS_FIELDS: Readonly<Record<string, string>> = {
  "stats.copied": "manifests and blobs that were moved",
  "stats.mounted": "blobs that another repository of the registry gave",
  "stats.existing": "manifests and blobs that were there, or came for another tag",
  "stats.skipped": "layers that are kept outside of registries",
  "stats.bytes": "bytes that went over, without what an earlier run had left there",
};

/** Descriptions of the fields of {@link Copied}, for help. */
export const COPIED_FIELDS: Readonly<Record<string, string>> = {
  source: "what was copied",
  reference: "where it is now",
  mediaType: "of the manifest; not with several tags",
  digest: "of the manifest; not with several tags",
  size: "bytes of the manifest; not with several tags",
  imageId: "in a docker archive, which holds no manifest, instead of these: what docker calls the image, the digest of its config",
  artifactType: "of the manifest, if it is known",
  "tags[].reference": "a tag at the destination",
  "tags[].tag": "its name",
  "tags[].digest": "what it names",
  "tags[].size": "bytes of the manifest",
  "tags[].imageId": "in a docker archive, instead of digest and size: what docker calls the image",
  "tags[].outcome": "tagged, unchanged (it named that already) or kept (it names something else, and was left alone)",
  "tags[].copied": "of a tag that is unchanged: manifests and blobs that were missing there and came; absent when nothing was",
  dryRun: "true, when nothing was done",
  ...STATS_FIELDS,
};

/** What {@link copiedFields} puts together. */
export type CopiedFields = Pick<Copied, "reference" | "mediaType" | "digest" | "size" | "imageId" | "artifactType" | "tags">;

/** Puts together what a copy did. */
export function copiedFields(
  destination: Pick<Destination, "describe">,
  descriptor: Descriptor | undefined,
  tags: readonly CopiedTag[],
): CopiedFields {
  return {
    reference: destination.describe(descriptor?.digest ?? ""),
    mediaType: descriptor?.mediaType,
    digest: descriptor?.digest,
    size: descriptor?.size,
    artifactType: descriptor?.artifactType,
    tags: tags.map((tag) => ({ reference: destination.describe(tag.tag), ...tag })),
  };
}

/**
 * Tells what a copy did, or would do: a line for each tag, with its digest. Where content took standard output it goes to standard error.
 *
 * @param isStdout whether content went to standard output.
 */
export async function printCopied(session: Session, copied: Copied, isStdout: boolean = false): Promise<void> {
  const done = copied.dryRun === true ? " (dry run)" : "";
  const lines = copied.tags.map((tag) => `${withContent(tag)}${tag.outcome === "tagged" ? done : ` (${outcomeText(tag)})`}`);
  const alone = (copied.untagged ?? (lines.length === 0 ? [copied] : [])).map(
    (image) => `${image.imageId === undefined ? image.reference : withContent(image)}${done}`,
  );
  const text = `${[...lines, ...alone].join("\n")}\n`;
  if (isStdout && !session.tellsRecords && session.format.kind === "text") session.say(text.trimEnd());
  else await session.print({ data: copied, text: () => (session.settings.quiet ? "" : text) });
  const { stats } = copied;
  if (stats === undefined || session.tellsRecords || session.format.kind !== "text" || session.io.stderr.isTTY !== true) return;
  const others = [stats.mounted > 0 ? `, ${stats.mounted} mounted` : "", stats.existing > 0 ? `, ${stats.existing} there already` : ""];
  session.say(`${stats.copied} copied (${humanSize(stats.bytes)})${others.join("")}`);
}

/** What became of a tag, in words: an image that was missing in part did not stay as it was, though its tag did. */
export function outcomeText<Outcome extends string>({
  outcome,
  copied = 0,
}: {
  readonly outcome: Outcome;
  readonly copied?: number;
}): string {
  return copied === 0 ? outcome : `${outcome}, ${copied} copied`;
}

/** A reference, and what it names: its digest, or in a docker archive the ID of the image. */
function withContent({ reference, digest, imageId }: Pick<Copied, "reference" | "digest" | "imageId">): string {
  return imageId === undefined ? `${reference}@${digest}` : `${reference} (image ID ${imageId})`;
}

/** Writes references to the file of `--refs-file`, each with its digest. */
export async function writeRefsFile(file: string | undefined, { tags, reference }: Pick<Copied, "reference" | "tags">): Promise<void> {
  if (file === undefined) return;
  const lines =
    tags.length === 0 ? [reference] : tags.map((tag) => (tag.digest === undefined ? tag.reference : `${tag.reference}@${tag.digest}`));
  const { writeTextOf } = await import("../output/write-bytes.ts");
  await writeTextOf(file, lines.map((line) => `${line}\n`).join(""));
}

/** Writes the digest to the file of `--digest-file`; of a docker archive the image's ID. @throws {CommandFailure} when there is not one digest. */
export async function writeDigestFile(file: string | undefined, copied: Pick<Copied, "digest" | "imageId">): Promise<void> {
  if (file === undefined) return;
  const digest = copied.imageId ?? copied.digest;
  if (digest === undefined) throw new CommandFailure(EXIT_CODE.usage, "--digest-file needs one image, not several tags");
  const { writeTextOf } = await import("../output/write-bytes.ts");
  await writeTextOf(file, `${digest}\n`);
}
