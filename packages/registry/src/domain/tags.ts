import {
  type CallOptions,
  type Descriptor,
  type Digest,
  type ListOptions,
  NotFoundError,
  type Paged,
  type TagHistory,
  type TagLookup,
  type TagStore,
  parseTag,
} from "@berth/oci";
import type { TagHistoryRecord } from "../metadata/records.ts";
import type { DomainContext } from "./context.ts";
import { describe } from "./manifests.ts";
import { pagedTexts } from "./paged.ts";

/** Tags of one repository, in byte order. */
export class RepositoryTags implements TagStore, TagLookup, TagHistory {
  readonly #context: DomainContext;
  readonly #repository: string;

  constructor(context: DomainContext, repository: string) {
    this.#context = context;
    this.#repository = repository;
  }

  async resolve(reference: string): Promise<Descriptor> {
    const tag = parseTag(reference);
    const manifest = await this.#context.metadata.statManifest(this.#repository, { tag });
    return manifest === undefined ? unknown(tag) : describe(manifest);
  }

  async tag(target: Pick<Descriptor, "digest">, tag: string): Promise<void> {
    const done = await this.#context.metadata.setTag(this.#repository, parseTag(tag), target.digest);
    if (!done) throw new NotFoundError("manifest", target.digest);
  }

  async untag(tag: string, options: CallOptions & { readonly actor?: string | undefined } = {}): Promise<void> {
    if (!(await this.#context.metadata.deleteTag(this.#repository, tag, options.actor))) unknown(tag);
  }

  /** @throws {NotFoundError} when the repository does not exist. */
  tags(options?: ListOptions): Paged<string> {
    return pagedTexts((page) => this.page(page), options);
  }

  /** One page. @throws {NotFoundError} when the repository does not exist. */
  async page(page: { readonly limit: number; readonly last?: string }): Promise<readonly string[]> {
    const tags = await this.#context.metadata.listTags(this.#repository, page);
    if (tags === undefined) throw new NotFoundError("repository", this.#repository);
    return tags;
  }

  lookupTags({ digest }: Pick<Descriptor, "digest">, options?: ListOptions): Paged<string> {
    return pagedTexts((page) => this.#context.metadata.listTagsOf(this.#repository, digest, page), options);
  }

  async manifestDigests(tag: string): Promise<readonly Digest[]> {
    return await this.#context.metadata.listTagDigests(this.#repository, tag);
  }

  /** What the tag pointed at over time, newest first. */
  async history(tag: string, limit: number): Promise<readonly TagHistoryRecord[]> {
    return await this.#context.metadata.listTagHistory(this.#repository, tag, limit);
  }
}

function unknown(tag: string): never {
  throw new NotFoundError("tag", tag);
}
