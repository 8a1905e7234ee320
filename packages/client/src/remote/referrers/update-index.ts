import {
  type CallOptions,
  changeReferrers,
  type Descriptor,
  type Digest,
  encodeReferrersIndex,
  hasChanges,
  type ReferrersChange,
  type ReferrersEntry,
} from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { ResponseError } from "../../errors.ts";
import type { RepositoryContext } from "../context.ts";
import { ReferrersError, ReferrersIndexError } from "./errors.ts";
import { settle } from "./settle.ts";
import { deleteIndex, putTagIndex, readTagIndex, type TagIndex } from "./tag-index.ts";

/** How often an index is written again because others wrote it too. Each round lets at least one of the writers through. */
const MAX_ROUNDS = 50;

/**
 * Brings changes into the index under a subject's tag: reads it, writes a new one, looks whether the changes are still there once
 * others who wrote at the same time have finished, starts over if not, and deletes at last what was replaced.
 *
 * Registries have no way to say "only if nobody else did", apart from the few that know `If-Match`. Without it a writer that is
 * much slower than we are can still undo our change after we looked.
 *
 * @param takeChanges called once, after the first read: whatever was asked for until then is written at once
 * @throws {ReferrersError} when the changes are there but an index that was replaced could not be deleted.
 * @throws {ReferrersIndexError} when the tag cannot be used, or too many others use it.
 * @see OCI distribution-spec, "Pushing Manifests with Subject"
 */
export async function updateTagIndex(
  context: RepositoryContext,
  subject: Descriptor,
  takeChanges: () => readonly ReferrersChange[],
  signal: AbortSignal,
): Promise<void> {
  const call = { signal };
  const replaced = new Set<Digest>();
  let startedAt = performance.now();
  let current = await readForUpdate(context, subject, call);
  const changes = takeChanges();
  for (let round = 1; needsWrite(current, changes); round++) {
    if (round > MAX_ROUNDS) throw new ReferrersIndexError(subject, "others undo every change", { retryable: true });
    const written = await replace(context, subject, current, changes, call);
    if (current !== undefined && mayDelete(current) && written !== "deleted") replaced.add(current.digest);
    if (written !== "conflict" && written !== "deleted") replaced.add(written);
    if (written !== "deleted" || round > 1) await settle(performance.now() - startedAt, signal);
    startedAt = performance.now();
    current = await readForUpdate(context, subject, call, { wasWritten: true });
  }
  if (context.settings.skipReferrersGc) return;
  if (current !== undefined) replaced.delete(current.digest);
  await deleteAll(context, subject, replaced, call);
}

/** Writes once. Returns the digest of what was written, or what happened instead. */
async function replace(
  context: RepositoryContext,
  subject: Descriptor,
  current: TagIndex | undefined,
  changes: readonly ReferrersChange[],
  call: CallOptions,
): Promise<Digest | "deleted" | "conflict"> {
  const entries = changeReferrers(entriesOf(current), changes);
  if (entries.length === 0 && current !== undefined && !context.settings.skipReferrersGc && mayDelete(current)) {
    // By digest rather than by tag: should somebody have moved the tag in the meantime, what they wrote stays.
    await deleteOne(context, subject, current.digest, call);
    return "deleted";
  }
  const bytes = encodeReferrersIndex(entries, current?.index.body);
  try {
    await putTagIndex(context, subject, { bytes, replaces: current }, call);
  } catch (error) {
    if (error instanceof ResponseError && error.status === 412) return "conflict";
    throw error;
  }
  return digestOf(bytes);
}

function needsWrite(current: TagIndex | undefined, changes: readonly ReferrersChange[]): boolean {
  const entries = entriesOf(current);
  if (!hasChanges(entries, changes)) return true;
  return current !== undefined && current.index.dropped > 0 && entries.length > 0; // tidies up while nobody can be hurt
}

function entriesOf(current: TagIndex | undefined): readonly ReferrersEntry[] {
  return current?.index.entries ?? [];
}

/** An index without entries has the same bytes for every subject: deleting it by its digest would take the tags of the others away. */
function mayDelete(index: TagIndex): boolean {
  return index.index.entries.length > 0;
}

async function deleteAll(context: RepositoryContext, subject: Descriptor, digests: Iterable<Digest>, call: CallOptions): Promise<void> {
  const failures: unknown[] = [];
  for (const digest of digests) {
    try {
      await deleteOne(context, subject, digest, call);
    } catch (error) {
      call.signal?.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function deleteOne(context: RepositoryContext, subject: Descriptor, digest: Digest, call: CallOptions): Promise<void> {
  try {
    await deleteIndex(context, digest, call);
  } catch (cause) {
    call.signal?.throwIfAborted();
    throw new ReferrersError("delete-index", subject, { cause });
  }
}

/** What is to be changed; undefined when there is nothing yet. @throws {ReferrersIndexError} when the tag cannot be used. */
async function readForUpdate(
  context: RepositoryContext,
  subject: Descriptor,
  call: CallOptions,
  { wasWritten = false }: { readonly wasWritten?: boolean } = {},
): Promise<TagIndex | undefined> {
  const content = await readTagIndex(context, subject, call);
  if (content.kind === "index") return content;
  if (content.kind === "other") throw new ReferrersIndexError(subject, `its tag holds content of the type "${content.mediaType}"`);
  if (content.kind === "subject" && wasWritten) throw new ReferrersIndexError(subject, "the registry takes its tag for the digest");
  return undefined;
}
