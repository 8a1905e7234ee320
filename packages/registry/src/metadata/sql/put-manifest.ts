import type { Digest } from "@berth/oci";
import type { ManifestInput, ManifestReferenceInput, PutManifestResult } from "../records.ts";
import { manifestStatements } from "./manifests.ts";
import { change, getRow, getRows, type Program } from "./program.ts";
import { queueDependants, queueManifest } from "./queues.ts";
import { ensureRepository, lockRepository } from "./repositories.ts";
import { integerOf, type Statement, textOf } from "./statement.ts";
import type { StoreContext } from "./store-context.ts";
import { pointTag, tagStatements } from "./tags.ts";

/** See `MetadataStore.putManifest`. Locks in this order: repository, blobs, manifests, tags; rows of a kind in the order of their digests or names. */
export function* putManifest(context: StoreContext, input: ManifestInput): Program<PutManifestResult> {
  const missing = yield* missingContent(input);
  if (missing.length > 0) return { created: false, missing };
  const repositoryId = yield* ensureRepository(context, input.repository);
  const { id: manifestId, created } = yield* insertManifest(context, repositoryId, input);
  for (const tag of new Set(input.tags.toSorted())) {
    yield* pointTag(context, { repositoryId, tag, manifestId, digest: input.digest, actor: input.actor });
  }
  if (created && input.tags.length === 0) yield* queueManifest(context, manifestId, "pushed");
  return { created, missing };
}

/** See `MetadataStore.deleteManifest`. */
export function* deleteManifest(
  context: StoreContext,
  repository: string,
  digest: Digest,
  actor: string | undefined,
): Program<{ readonly tags: readonly string[] } | undefined> {
  const repositoryId = yield* lockRepository(repository);
  const row = repositoryId === undefined ? undefined : yield* getRow(manifestStatements.lockToDelete, repositoryId, digest);
  if (row === undefined || repositoryId === undefined) return undefined;
  const id = integerOf(row, "id");
  const tags = (yield* getRows(tagStatements.ofManifest, id)).map((tag) => textOf(tag, "name"));
  for (const tag of tags) yield* change(tagStatements.remember, repositoryId, tag, digest, "delete", context.now(), actor ?? null);
  yield* queueDependants(context, { id, repositoryId, digest });
  yield* change(manifestStatements.remove, id); // takes its tags, references and queue row along
  return { tags };
}

/** Required content that the repository does not hold. What it does hold stays until the commit. */
function* missingContent({ repository, references }: ManifestInput): Program<readonly Digest[]> {
  const required = references.filter((reference) => reference.required);
  if (required.length === 0) return [];
  const repositoryId = yield* lockRepository(repository);
  const held = new Set<string>();
  if (repositoryId !== undefined) {
    yield* addHeld(held, manifestStatements.heldBlobs, repositoryId, required.filter(isBlob));
    yield* addHeld(
      held,
      manifestStatements.heldManifests,
      repositoryId,
      required.filter((reference) => !isBlob(reference)),
    );
  }
  return [...new Set(required.map((reference) => reference.digest))].filter((digest) => !held.has(digest));
}

function* addHeld(
  held: Set<string>,
  statement: Statement,
  repositoryId: number,
  references: readonly ManifestReferenceInput[],
): Program<void> {
  if (references.length === 0) return;
  const digests = [...new Set(references.map((reference) => reference.digest))];
  for (const row of yield* getRows(statement, repositoryId, digests)) held.add(textOf(row, "digest"));
}

function* insertManifest(
  context: StoreContext,
  repositoryId: number,
  input: ManifestInput,
): Program<{ readonly id: number; readonly created: boolean }> {
  for (;;) {
    const existing = yield* getRow(manifestStatements.lock, repositoryId, input.digest);
    if (existing !== undefined) return { id: integerOf(existing, "id"), created: false };
    const inserted = yield* getRow(
      manifestStatements.insert,
      repositoryId,
      input.digest,
      input.mediaType,
      input.payload.byteLength,
      input.artifactType ?? null,
      input.configMediaType ?? null,
      input.subject ?? null,
      input.annotations === undefined ? null : JSON.stringify(input.annotations),
      context.now(),
      input.actor ?? null,
      input.payload,
    );
    if (inserted === undefined) continue; // another process was faster: its row is there to be locked
    const id = integerOf(inserted, "id");
    if (input.references.length > 0) {
      yield* change(manifestStatements.insertReferences, id, repositoryId, JSON.stringify(input.references.map(referenceRow)));
    }
    return { id, created: true };
  }
}

function isBlob({ kind }: ManifestReferenceInput): boolean {
  return kind === "config" || kind === "layer";
}

function referenceRow({ kind, digest, mediaType, size, platform, urls }: ManifestReferenceInput, position: number): readonly unknown[] {
  return [position, kind, digest, mediaType, size, optionalJson(platform), optionalJson(urls)];
}

function optionalJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
