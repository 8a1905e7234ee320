import { type ListOptions, type Paged, type Registry, type RepositoryName, parseRepositoryName } from "@berth/oci";
import type { DomainContext } from "./context.ts";
import { paged } from "./paged.ts";
import { LocalRepository } from "./repository.ts";
import { Uploads } from "./uploads.ts";

const DEFAULT_PAGE = 1000;

/** All repositories of this registry. */
export class Namespace implements Registry {
  readonly uploads: Uploads;
  readonly #context: DomainContext;

  constructor(context: DomainContext) {
    this.#context = context;
    this.uploads = new Uploads(context);
  }

  repository(name: string): LocalRepository {
    return this.repositoryOf(parseRepositoryName(name));
  }

  /** As {@link repository}, for a name that was checked already. */
  repositoryOf(name: RepositoryName): LocalRepository {
    return new LocalRepository(this.#context, name, this.uploads);
  }

  /** Repositories that hold a manifest. */
  repositories(options: ListOptions = {}): Paged<string> {
    return paged(
      (last: string | undefined, limit) => this.page({ limit, ...(last === undefined ? {} : { last }) }),
      (name) => name,
      { after: options.last, limit: options.pageSize ?? DEFAULT_PAGE },
    );
  }

  /** One page of repository names. */
  async page(page: { readonly limit: number; readonly last?: string }): Promise<readonly string[]> {
    return await this.#context.metadata.listRepositories(page);
  }

  /** Removes a repository; its bytes stay until nothing else needs them. False when there was none. */
  async remove(name: string): Promise<boolean> {
    return await this.#context.metadata.deleteRepository(parseRepositoryName(name));
  }
}
