import type { Readable } from "node:stream";
import {
  type ByteSource,
  type CallOptions,
  type Descriptor,
  type FetchOptions,
  type ListOptions,
  type Paged,
  type ReferrersOptions,
  type Repository,
  UnsupportedError,
  isManifestMediaType,
} from "@berth/oci";
import type { ReferrerRecord } from "../metadata/records.ts";
import { RepositoryBlobs } from "./blobs.ts";
import type { DomainContext } from "./context.ts";
import { RepositoryManifests, describe } from "./manifests.ts";
import { paged } from "./paged.ts";
import { RepositoryTags } from "./tags.ts";
import type { Uploads } from "./uploads.ts";

/** Predecessors given at most: the interface has no pages. */
const MAX_PREDECESSORS = 10_000;

/** A repository of this registry, in process: the same interfaces that a remote repository has. */
export class LocalRepository implements Repository {
  readonly name: string;
  readonly blobs: RepositoryBlobs;
  readonly manifests: RepositoryManifests;
  readonly tagStore: RepositoryTags;
  readonly #context: DomainContext;

  constructor(context: DomainContext, name: string, uploads: Uploads) {
    this.#context = context;
    this.name = name;
    this.blobs = new RepositoryBlobs(context, name, uploads);
    this.manifests = new RepositoryManifests(context, name);
    this.tagStore = new RepositoryTags(context, name);
  }

  async resolve(reference: string, options?: CallOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    return await this.manifests.resolve(reference);
  }

  async fetch(target: Descriptor, options?: FetchOptions): Promise<Readable> {
    options?.signal?.throwIfAborted();
    return await (this.#isManifest(target) ? this.manifests.fetch(target) : this.blobs.fetch(target, options));
  }

  async push(expected: Descriptor, content: ByteSource, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await (this.#isManifest(expected) ? this.manifests : this.blobs).push(expected, content, options);
  }

  async exists(target: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return await (this.#isManifest(target) ? this.manifests : this.blobs).exists(target);
  }

  async delete(target: Descriptor, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await (this.#isManifest(target) ? this.manifests : this.blobs).delete(target);
  }

  async tag(target: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await this.manifests.tag(target, tag);
  }

  async untag(tag: string, options?: CallOptions & { readonly actor?: string | undefined }): Promise<void> {
    options?.signal?.throwIfAborted();
    if (!this.#context.deleteEnabled) throw new UnsupportedError("delete tag");
    await this.tagStore.untag(tag, options);
  }

  tags(options?: ListOptions): Paged<string> {
    return this.tagStore.tags(options);
  }

  referrers(subject: Pick<Descriptor, "digest">, options: ReferrersOptions = {}): Paged<Descriptor> {
    const records = paged(
      (after: number | undefined, limit) => this.referrersPage(subject, { after, limit, artifactType: options.artifactType }),
      ({ id }) => id,
      { limit: this.#context.limits.maxReferrers },
    );
    return {
      async *pages() {
        for await (const page of records.pages()) yield page.map(describeReferrer);
      },
      async *[Symbol.asyncIterator]() {
        for await (const record of records) yield describeReferrer(record);
      },
    };
  }

  /** One page of the manifests whose subject is `subject`, oldest first. */
  async referrersPage(
    subject: Pick<Descriptor, "digest">,
    query: { readonly after?: number | undefined; readonly limit: number; readonly artifactType?: string | undefined },
  ): Promise<readonly ReferrerRecord[]> {
    const { after, limit, artifactType } = query;
    return await this.#context.metadata.listReferrers({
      repository: this.name,
      subject: subject.digest,
      limit,
      ...(after === undefined ? {} : { after }),
      ...(artifactType === undefined ? {} : { artifactType }),
    });
  }

  async predecessors(target: Descriptor, options?: CallOptions): Promise<readonly Descriptor[]> {
    options?.signal?.throwIfAborted();
    return (await this.#context.metadata.listPredecessors(this.name, target.digest, MAX_PREDECESSORS)).map(describe);
  }

  #isManifest({ mediaType }: Descriptor): boolean {
    return isManifestMediaType(mediaType) || this.#context.policy.acceptedMediaTypes.has(mediaType);
  }
}

/** The descriptor that a referrers list shows. @see OCI distribution-spec, "Listing Referrers" */
export function describeReferrer(record: ReferrerRecord): Descriptor {
  const { artifactType, annotations } = record;
  return {
    ...describe(record),
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}
