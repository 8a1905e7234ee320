import { type ByteSource, type CallOptions, type Digest, digestAlgorithm, DigestMismatchError, MEDIA_TYPES } from "@berth/oci";
import { UnsafeEntryError } from "../image/errors.ts";
import { extractEntries } from "../image/extract-tar.ts";
import { leadsOut } from "../image/leads-out.ts";
import { LayerBudget, type LayerLimits } from "../image/layer-limits.ts";
import { openLayer } from "../image/layer.ts";
import type { TarEntryWithContent } from "../image/tar-entry.ts";
import { readTar } from "../image/tar-reader.ts";

/** A packed folder of an artifact. */
export interface PackedFolder {
  /** Clean; every entry of the archive stands below it. */
  readonly name: string;
  /** Of the archive before it was compressed; not checked when undefined. */
  readonly unpackedDigest: Digest | undefined;
  /** What the archive may hold; default those that {@link LayerLimits} names. */
  readonly limits?: LayerLimits;
}

/**
 * Unpacks a folder as oras packs it: a compressed archive whose entries all stand below the folder's name, which is left out. Links stay
 * within the folder; devices are refused.
 *
 * @throws {UnsafeEntryError} @throws {UnsupportedError} @throws {DigestMismatchError} @throws {InvalidLayerError} @throws {LimitExceededError}
 */
export async function unpackFolder(
  content: ByteSource,
  to: string,
  { name, unpackedDigest, limits }: PackedFolder,
  call: CallOptions,
): Promise<void> {
  const budget = new LayerBudget(limits);
  const algorithm = unpackedDigest === undefined ? {} : { algorithm: digestAlgorithm(unpackedDigest) };
  const archive = openLayer(content, MEDIA_TYPES.ociLayerGzip, { ...call, ...algorithm, limits: budget });
  await extractEntries(below(name, readTar(archive, budget)), to, { ...call, specialFiles: "error" });
  if (unpackedDigest !== undefined && archive.diffId !== unpackedDigest) {
    throw new DigestMismatchError({ expected: unpackedDigest, actual: archive.diffId });
  }
}

async function* below(name: string, entries: AsyncIterable<TarEntryWithContent>): AsyncGenerator<TarEntryWithContent> {
  const links = new Map<string, string>();
  for await (const { entry, content } of entries) {
    const path = within(name, entry.path, entry.path);
    const linkTarget = entry.type === "hardlink" ? within(name, entry.linkTarget, entry.path) : entry.linkTarget;
    // a hard link to a link is that link at another place, and leads elsewhere from there
    const leadsTo = entry.type === "hardlink" ? links.get(linkTarget) : entry.type === "symlink" ? linkTarget : undefined;
    if (leadsTo === undefined) links.delete(path);
    else if (leadsOut(path, leadsTo)) throw new UnsafeEntryError(entry.path, "it links out of the folder");
    else links.set(path, leadsTo);
    yield { entry: { ...entry, path, linkTarget }, content };
  }
}

/** The rest of a path behind the folder's name. */
function within(name: string, path: string, shown: string): string {
  if (path === name) return "";
  if (path.startsWith(`${name}/`)) return path.slice(name.length + 1);
  throw new UnsafeEntryError(shown, `it is not below "${name}"`);
}
