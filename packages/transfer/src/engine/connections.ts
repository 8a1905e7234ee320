import {
  type Connection,
  createRemoteRepository,
  type RemoteRepository,
  type RequestHeaders,
  type StackConnectionOptions,
} from "@berth/client";
import type { Named } from "@berth/oci";
import { connectEndpoint } from "./connect-endpoint.ts";
import type { TransferManager } from "../manager/transfer-manager.ts";
import { type Endpoint, endpointConnection, nameAt } from "./hosts.ts";
import type { RegistryOptions } from "./options.ts";

/** A request is sent as often as a transfer is tried. @see moby, distribution/xfer, maxDownloadAttempts */
const MAX_RETRIES = 4;

/** The connections of an engine: one to each endpoint, so that sockets, tokens and limits are shared by all that it does. */
export class Connections {
  readonly #options: RegistryOptions;
  readonly #manager: Pick<TransferManager, "slowDown">;
  readonly #byEndpoint = new Map<string, Connection>();

  /** @param manager told of endpoints that ask to slow down. */
  constructor(options: RegistryOptions, manager: Pick<TransferManager, "slowDown">) {
    this.#options = options;
    this.#manager = manager;
  }

  /** A repository as an endpoint has it. Nothing is sent yet. */
  repositoryAt(endpoint: Endpoint, reference: Named): RemoteRepository {
    const { repository = {} } = this.#options;
    return createRemoteRepository(nameAt(endpoint, reference), { ...repository, connection: this.#connectionTo(endpoint) });
  }

  /** Closes idle connections. */
  async close(): Promise<void> {
    const all = [...this.#byEndpoint.values()];
    this.#byEndpoint.clear();
    await Promise.all(all.map(async (one) => await one.close()));
  }

  #connectionTo(endpoint: Endpoint): Connection {
    const { host, namespace = "" } = endpoint;
    const key = `${host} ${namespace} ${endpoint.isMirror}`;
    const known = this.#byEndpoint.get(key);
    if (known !== undefined) return known;
    const { connection: common = {}, metaHeaders = {} } = this.#options;
    const { retry = {} } = common;
    const headers = metaFields(metaHeaders);
    const options: StackConnectionOptions = {
      ...common,
      retry: retry !== false && {
        ...retry,
        policy: { ...retry.policy, maxRetries: retry.policy?.maxRetries ?? MAX_RETRIES },
        onSlowdown: (event) => {
          retry.onSlowdown?.(event);
          this.#manager.slowDown(connection.registry, event.delayMs); // of a store of its blobs, too: what comes from the registry waits
        },
      },
      ...endpointConnection(endpoint, common),
      ...(Object.keys(headers).length > 0 && { auth: { ...common.auth, headers: { ...common.auth?.headers, ...headers } } }),
    };
    const connection = connectEndpoint(endpoint, options);
    this.#byEndpoint.set(key, connection);
    return connection;
  }
}

/** Header fields that say something about the image or who asks, by docker's convention. @throws {TypeError} on any other name. */
function metaFields(fields: RequestHeaders): RequestHeaders {
  const other = Object.keys(fields).find((name) => !name.toLowerCase().startsWith("x-meta-"));
  if (other !== undefined) throw new TypeError(`Cannot send header "${other}" as metadata: expected a name that starts with X-Meta-`);
  return fields;
}
