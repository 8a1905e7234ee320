import {
  BerthError,
  BlobExistsError,
  type BlobStore,
  type Deleter,
  type Fetcher,
  formatDigest,
  type GraphTarget,
  InvalidDigestError,
  InvalidManifestError,
  InvalidReferenceError,
  LimitExceededError,
  type ManifestStore,
  type Mounter,
  NotFoundError,
  parseDigest,
  parseReferenceWithin,
  parseRegistryReference,
  type PredecessorFinder,
  type Pusher,
  type ReadOnlyTarget,
  type ReferrerLister,
  type Registry,
  type Repository,
  type Resolver,
  type Storage,
  type Tagger,
  type TagLister,
  type TagStore,
  type Target,
  UnsupportedError,
  type Untagger,
} from "@berth/oci";
import { expect, test } from "vitest";
import { createRemoteRegistry, type RemoteRegistry } from "./create-registry.ts";
import { createRemoteRepository } from "./create-repository.ts";
import type { RemoteRepository } from "./remote-repository.ts";
import type { RepositoryOptions } from "./repository-options.ts";

type Everything = BlobStore & ManifestStore & TagStore & Repository & GraphTarget & Target & ReadOnlyTarget & Storage;

/** The interface that a test names, and a member that it has. */
const PARTS = {
  Fetcher: (repository: RemoteRepository): Fetcher["fetch"] => repository.fetch,
  Pusher: (repository: RemoteRepository): Pusher["push"] => repository.push,
  Resolver: (repository: RemoteRepository): Resolver["resolve"] => repository.resolve,
  Tagger: (repository: RemoteRepository): Tagger["tag"] => repository.tag,
  Untagger: (repository: RemoteRepository): Untagger["untag"] => repository.untag,
  Deleter: (repository: RemoteRepository): Deleter["delete"] => repository.delete,
  Mounter: (repository: RemoteRepository): Mounter["mount"] => repository.mount,
  TagLister: (repository: RemoteRepository): TagLister["tags"] => repository.tags,
  ReferrerLister: (repository: RemoteRepository): ReferrerLister["referrers"] => repository.referrers,
  PredecessorFinder: (repository: RemoteRepository): PredecessorFinder["predecessors"] => repository.predecessors,
  ReferenceFetcher: (repository: RemoteRepository): ManifestStore["fetchReference"] => repository.fetchReference,
  ReferencePusher: (repository: RemoteRepository): ManifestStore["pushReference"] => repository.pushReference,
} satisfies Record<string, (repository: RemoteRepository) => Everything[keyof Everything]>;

test.each(Object.entries(PARTS))("[client/B-68] a remote repository is a %s", (_, member) => {
  expect(member(createRemoteRepository("r.test/a"))).toBeTypeOf("function");
});

test("[client/B-68] remote registries and their parts fit wherever the content interfaces are asked for", () => {
  const remote: RemoteRegistry = createRemoteRegistry("r.test");
  const registry: Registry = remote;
  const repository: Repository & GraphTarget & Mounter = remote.repository("a");
  const parts: readonly [BlobStore, ManifestStore, TagStore] = [repository.blobs, repository.manifests, repository.tagStore];
  expect(registry.repository("a").name).toBe("a");
  expect(parts.every((part) => typeof part.resolve === "function")).toBe(true);
});

test("[client/B-9] options are plain members without methods", () => {
  const options: Required<RepositoryOptions> = {
    manifestMediaTypes: ["x/y"],
    tagListPageSize: 1,
    tagListMaxPages: 2,
    referrerListPageSize: 3,
    referrerListMaxPages: 4,
    maxMetadataBytes: 5,
    skipReferrersGc: true,
    downloadRetries: 6,
    downloadRetryDelayMs: 7,
  };
  expect(createRemoteRepository("r.test/a", JSON.parse(JSON.stringify(options))).name).toBe("a");
  for (const wrong of [-1, 0.5, Number.NaN]) {
    expect(() => createRemoteRepository("r.test/a", { tagListPageSize: wrong })).toThrow(RangeError);
  }
});

const other = formatDigest("sha256", "0".repeat(64));

test.each<[string, () => unknown, { readonly prototype: BerthError }, string]>([
  ["AlreadyExists", () => Promise.reject(new BlobExistsError(other)), BlobExistsError, "ERR_BLOB_EXISTS"],
  ["InvalidDigest", () => parseDigest("x"), InvalidDigestError, "ERR_INVALID_DIGEST"],
  ["InvalidReference", () => parseRegistryReference("x"), InvalidReferenceError, "ERR_INVALID_REFERENCE"],
  [
    "MissingReference",
    () => parseReferenceWithin(parseRegistryReference("r.test/a"), "r.test/a"),
    InvalidReferenceError,
    "ERR_INVALID_REFERENCE",
  ],
  ["NotFound", () => Promise.reject(new NotFoundError("blob", other)), NotFoundError, "ERR_NOT_FOUND"],
  [
    "SizeExceedsLimit",
    () => createRemoteRepository("r.test/a").fetchBytes({ mediaType: "x/y", digest: other, size: 2 ** 40 }),
    LimitExceededError,
    "ERR_LIMIT_EXCEEDED",
  ],
  ["Unsupported", () => Promise.reject(new UnsupportedError("x")), UnsupportedError, "ERR_UNSUPPORTED"],
  [
    "UnsupportedVersion",
    () => Promise.reject(new InvalidManifestError("schemaVersion: expected 2")),
    InvalidManifestError,
    "ERR_INVALID_MANIFEST",
  ],
])("[client/B-67] %s has a class and a stable code", async (_, act, type, code) => {
  const error: unknown = await Promise.resolve()
    .then(act)
    .then(
      () => expect.unreachable(),
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(type);
  expect([BerthError.is(error), error]).toEqual([true, expect.objectContaining({ code })]);
});
