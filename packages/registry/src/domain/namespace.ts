import {
  type CallOptions,
  type ListOptions,
  type Paged,
  type Registry,
  type RepositoryEnumerator,
  type RepositoryName,
  type RepositoryRemover,
  RepositoryUnknownError,
  parseRepositoryName,
} from "@berth/oci";
import type { DomainContext } from "./context.ts";
import { pagedTexts } from "./paged.ts";
import { LocalRepository } from "./repository.ts";
import { Uploads } from "./uploads.ts";

/** All repositories of this registry. */
export class Namespace implements Registry, RepositoryEnumerator, RepositoryRemover {
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
  repositories(options?: ListOptions): Paged<string> {
    return pagedTexts((page) => this.page(page), options);
  }

  /** As {@link repositories}. */
  enumerateRepositories(options?: CallOptions): AsyncIterable<string> {
    return this.repositories(options);
  }

  /** One page of repository names. */
  async page(page: { readonly limit: number; readonly last?: string }): Promise<readonly string[]> {
    return await this.#context.metadata.listRepositories(page);
  }

  /** Removes a repository; its bytes stay until nothing else needs them. @throws {RepositoryUnknownError} */
  async removeRepository(name: string): Promise<void> {
    if (!(await this.#context.metadata.deleteRepository(parseRepositoryName(name)))) throw new RepositoryUnknownError(name);
  }
}
