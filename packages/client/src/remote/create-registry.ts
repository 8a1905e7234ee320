import { type CallOptions, type ListOptions, type Paged, parseRegistryHost, parseRepositoryName, type Registry } from "@berth/oci";
import { wholeNumber } from "../number-option.ts";
import { acknowledged } from "../transport/web-page.ts";
import { connect, type RemoteOptions } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { repositoryIn } from "./create-repository.ts";
import { readTexts, remoteList, withQuery } from "./list.ts";
import type { RemoteRepository } from "./remote-repository.ts";
import { DEFAULT_MAX_PAGES, DEFAULT_PAGE_SIZE, type RepositoryOptions, repositorySettings } from "./repository-options.ts";

/** How a client of a registry works. What is for repositories is passed on to each one that is made. */
export interface RegistryOptions extends RepositoryOptions {
  /** Repositories a page of the catalog; 0: as the registry likes. Default 1000, the most that all registries take. */
  readonly repositoryListPageSize?: number;
  /** Pages of the catalog at most; 0 or `Infinity`: no limit. Default 10,000. */
  readonly repositoryListMaxPages?: number;
}

/** Options of {@link createRemoteRegistry}. */
export type RemoteRegistryOptions = RegistryOptions & RemoteOptions;

/** A remote registry. */
export interface RemoteRegistry extends Registry {
  /** Host, perhaps with a port, as people write it. */
  readonly host: string;
  readonly connection: Connection;
  /**
   * Resolves when the registry speaks the protocol and takes the credentials.
   *
   * @throws {ResponseError} 404 when it is no registry (see `isNotFound`), 401 or 403 on wrong credentials.
   */
  ping(options?: CallOptions): Promise<void>;
  /** A repository over the same connection. Never waits. @throws {InvalidReferenceError} */
  repository(name: string): RemoteRepository;
  /** The catalog. Many public registries have none. @throws {RangeError} on a size of a page that is none. */
  repositories(options?: ListOptions): Paged<string>;
  /** Closes idle connections. */
  close(options?: CallOptions): Promise<void>;
}

/**
 * Makes a client of a registry. Nothing is sent yet.
 *
 * @param host host, perhaps with a port: `docker.io`, `localhost:5000`.
 * @throws {InvalidReferenceError} @throws {RangeError} on a number that an option cannot take.
 * @throws {TypeError} when options exclude each other, or `connection` is one to another registry.
 *
 * @example
 * ```ts
 * const registry = createRemoteRegistry("localhost:5000");
 * for await (const name of registry.repositories()) console.log(name);
 * ```
 */
export function createRemoteRegistry(host: string, options: RemoteRegistryOptions = {}): RemoteRegistry {
  const connection = connect(parseRegistryHost(host), options);
  const settings = repositorySettings(options);
  const catalogPageSize = wholeNumber("repositoryListPageSize", options.repositoryListPageSize, DEFAULT_PAGE_SIZE);
  const maxPages = wholeNumber("repositoryListMaxPages", options.repositoryListMaxPages, DEFAULT_MAX_PAGES, { orInfinity: true });
  return {
    host,
    connection,
    async ping({ signal } = {}) {
      await acknowledged(
        await connection.send({ method: "GET", target: "/v2/", operation: "ping registry", expect: [200], ...(signal && { signal }) }),
      );
    },
    repository(name) {
      const repository = parseRepositoryName(name);
      return repositoryIn({ connection, name: repository, settings: repositorySettings(settings) }, { registry: host, repository });
    },
    repositories({ last, signal, ...list } = {}) {
      const pageSize = wholeNumber("pageSize", list.pageSize, catalogPageSize);
      return remoteList({
        connection,
        target: withQuery("/v2/_catalog", { n: pageSize > 0 ? pageSize : undefined, last }),
        items: "repositories",
        scopes: ["registry:catalog:*"],
        maxBytes: settings.maxMetadataBytes,
        maxPages,
        maxPagesOption: "repositoryListMaxPages",
        read: (body, response) => readTexts(body, "repositories", response),
        ...(signal && { signal }),
      });
    },
    close: (call) => connection.close(call),
  };
}
