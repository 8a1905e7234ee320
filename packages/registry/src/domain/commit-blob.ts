import { CANONICAL_ALGORITHM, type Descriptor, type Digest, DigestMismatchError, MEDIA_TYPES, digestAlgorithm } from "@berth/oci";
import type { DomainContext } from "./context.ts";
import { RegistryError } from "./errors.ts";
import { RunningDigests } from "./running-digests.ts";

/** How often the placement of a blob may change under a commit before we give up. */
const MAX_ATTEMPTS = 5;

/** Staged bytes that are durable in storage. */
export interface StagedBlob {
  /** Path of the bytes in the storage driver. */
  readonly storageKey: string;
  /** Bytes. */
  readonly size: number;
  /** Digests of exactly these bytes, if one process saw them all. */
  readonly digests: RunningDigests | undefined;
}

/** A staged blob and where it goes. */
export interface StagedCommit extends StagedBlob {
  readonly repository: string;
  /** The digest that the client gave. */
  readonly digest: Digest;
  /** The session that ends with this commit. */
  readonly uploadId?: string;
}

/**
 * Turns staged bytes into a blob of a repository. The order keeps every acknowledged byte: bytes durable at the staged path, then
 * at the blob's own path too, then the metadata commit, and only then is the staged copy removed.
 *
 * @throws {DigestMismatchError} when the bytes are not those of `digest`; session and bytes are gone then.
 */
export async function commitStaged(context: DomainContext, staged: StagedCommit): Promise<Descriptor> {
  const { metadata, content, background } = context;
  const { repository, digest, size, uploadId } = staged;
  const algorithm = digestAlgorithm(digest);
  const digests =
    staged.digests?.has(algorithm) === true && staged.digests.size === size ? staged.digests : await readDigests(context, staged);
  const actual = digests.digest(algorithm);
  if (actual !== digest) {
    if (uploadId !== undefined) await metadata.deleteUpload(repository, uploadId);
    await content.discard(staged.storageKey);
    throw new DigestMismatchError({ expected: digest, actual });
  }
  const canonical = digests.digest(CANONICAL_ALGORITHM);

  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const placement = await metadata.blobPlacement(canonical);
    const generation = placement.state === "deleting" ? placement.generation + 1 : 0;
    const placed =
      placement.state === "live" ? undefined : { generation, storageKey: await content.publish(staged.storageKey, canonical, generation) };
    const result = await metadata.commitBlob({
      repository,
      canonical,
      digest,
      size,
      ...(placed === undefined ? {} : { placed }),
      ...(uploadId === undefined ? {} : { uploadId }),
    });
    if (result.outcome === "linked") {
      background.add(content.discard(staged.storageKey));
      return { mediaType: MEDIA_TYPES.octetStream, digest, size };
    }
  }
  throw new RegistryError("UNAVAILABLE", "Cannot commit blob: its placement keeps changing", { retryable: true });
}

async function readDigests(context: DomainContext, staged: StagedCommit): Promise<RunningDigests> {
  const digests = new RunningDigests([digestAlgorithm(staged.digest)]);
  const source: AsyncIterable<Uint8Array> = await context.content.driver.reader(staged.storageKey);
  for await (const chunk of source) digests.update(chunk);
  return digests;
}
