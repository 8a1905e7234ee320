import type { RemoteRepository } from "@berth/client";
import type { CallOptions, Named } from "@berth/oci";
import { createTransferManager, type TransferManager } from "../manager/transfer-manager.ts";
import { createSourceMarker, type SourceMarker } from "../sources/mark-source.ts";
import { createSourceStore } from "../sources/memory-sources.ts";
import type { MarkedPlace } from "../sources/source-hooks.ts";
import type { SourceStore } from "../sources/source-store.ts";
import { Connections } from "./connections.ts";
import { overEndpoints } from "./fall-through.ts";
import { type Endpoint, type EndpointCapability, endpointsFor } from "./hosts.ts";
import { LocalStore } from "./local-store.ts";
import type { EngineOptions } from "./options.ts";

/** A repository at one of the places that it can be asked for at. */
export interface RepositoryAtEndpoint {
  readonly endpoint: Endpoint;
  readonly repository: RemoteRepository;
}

/** Milliseconds until it is looked up anew who we are: as long as the client takes credentials for granted. */
const MARKER_MS = 50_000;

interface KnownMarker {
  readonly marker: Promise<SourceMarker>;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** What all operations of an engine share. */
export class EngineContext {
  readonly options: EngineOptions;
  readonly connections: Connections;
  readonly manager: TransferManager;
  readonly sources: SourceStore;
  readonly local: LocalStore;
  readonly #markers = new Map<string, KnownMarker>();

  constructor(options: EngineOptions) {
    this.options = options;
    this.manager = options.manager ?? createTransferManager();
    this.connections = new Connections(options, this.manager);
    this.sources = options.sources ?? createSourceStore();
    this.local = new LocalStore(options);
  }

  /** Where a repository is asked for something, in order. */
  endpoints({ domain }: Pick<Named, "domain">, capability: EndpointCapability): readonly Endpoint[] {
    return endpointsFor(domain, capability, this.options.hosts);
  }

  /** A repository at the registry itself. */
  origin(reference: Named): RepositoryAtEndpoint {
    const endpoint = this.endpoints(reference, "push").find(({ isMirror }) => !isMirror);
    if (endpoint === undefined) throw new TypeError(`Cannot reach "${reference.domain}": it has no endpoint`);
    return { endpoint, repository: this.connections.repositoryAt(endpoint, reference) };
  }

  /** Tries the endpoints of a repository one after the other. */
  async over<T>(
    reference: Named,
    endpoints: readonly Endpoint[],
    { signal }: CallOptions,
    attempt: (at: RepositoryAtEndpoint) => Promise<T>,
  ): Promise<T> {
    const { onWarning } = this.options;
    return await overEndpoints(
      endpoints,
      async (endpoint) => await attempt({ endpoint, repository: this.connections.repositoryAt(endpoint, reference) }),
      { registry: reference.domain, ...(signal && { signal }), ...(onWarning && { onWarning }) },
    );
  }

  /** A repository as it is remembered: with the mark of the credentials of today. */
  async placeOf({ endpoint: { host }, repository: { name } }: RepositoryAtEndpoint): Promise<MarkedPlace> {
    const now = Date.now();
    let known = this.#markers.get(host);
    if (known === undefined || now >= known.until) {
      known = { marker: this.#markerFor(host), until: now + MARKER_MS };
      this.#markers.set(host, known);
    }
    return { registry: host, repository: name, marker: await known.marker };
  }

  async #markerFor(registry: string): Promise<SourceMarker> {
    try {
      return createSourceMarker(await this.options.connection?.credentials?.({ registry }));
    } catch {
      return createSourceMarker(undefined); // the request that needs the credential will say what is wrong with it
    }
  }
}
