import { type CallOptions, type Descriptor, type ListOptions, NotFoundError, type Paged, type TagStore, parseTag } from "@berth/oci";
import type { TagHistoryRecord } from "../metadata/records.ts";
import type { DomainContext } from "./context.ts";
import { describe } from "./manifests.ts";
import { paged } from "./paged.ts";

const DEFAULT_PAGE = 1000;

/** Tags of one repository, in byte order. */
export class RepositoryTags implements TagStore {
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
  tags(options: ListOptions = {}): Paged<string> {
    return paged(
      (last: string | undefined, limit) => this.page({ limit, ...(last === undefined ? {} : { last }) }),
      (tag) => tag,
      { after: options.last, limit: options.pageSize ?? DEFAULT_PAGE },
    );
  }

  /** One page. @throws {NotFoundError} when the repository does not exist. */
  async page(page: { readonly limit: number; readonly last?: string }): Promise<readonly string[]> {
    const tags = await this.#context.metadata.listTags(this.#repository, page);
    if (tags === undefined) throw new NotFoundError("repository", this.#repository);
    return tags;
  }

  /** The tags that point at a manifest. */
  async lookup(target: Pick<Descriptor, "digest">): Promise<readonly string[]> {
    return await this.#context.metadata.listTagsOf(this.#repository, target.digest);
  }

  /** What the tag pointed at over time, newest first. */
  async history(tag: string, limit: number): Promise<readonly TagHistoryRecord[]> {
    return await this.#context.metadata.listTagHistory(this.#repository, tag, limit);
  }
}

function unknown(tag: string): never {
  throw new NotFoundError("tag", tag);
}
