import { parseRegistryHost } from "@berth/oci";
import type { CredentialSource } from "../credentials/credential.ts";
import { requestBody } from "../transport/body.ts";
import type { Transport, TransportResponse } from "../transport/transport.ts";
import { mayBePlainHttp, type PlainHttp, registryOrigin } from "./address.ts";
import type { Connection, ConnectionRequest } from "./connection.ts";
import { temporaryBase, temporaryCheck } from "./temporary-base.ts";
import { reportWarnings, type WarningHandler } from "./warnings.ts";

/** Options of {@link createConnection}. */
export interface ConnectionOptions {
  /** Takes the place of the whole stack: redirects, authentication, retries. */
  readonly transport?: Transport;
  /** Default `auto`. */
  readonly plainHttp?: PlainHttp;
  /** Default: nobody. */
  readonly credentials?: CredentialSource;
  /** Called for each warning of each answer; see `onceEach`. */
  readonly onWarning?: WarningHandler;
}

/**
 * Makes the way to one registry. Nothing is sent yet.
 *
 * @param registry host, perhaps with a port: `docker.io`, `localhost:5000`.
 * @throws {InvalidReferenceError}
 */
export function createConnection(registry: string, options: ConnectionOptions = {}): Connection {
  const host = parseRegistryHost(registry);
  const transport = options.transport ?? temporaryBase;
  const { plainHttp = "auto", onWarning } = options;
  const origin = registryOrigin(host, plainHttp === true || (plainHttp === "auto" && mayBePlainHttp(host)) ? "http" : "https");
  return {
    registry: host,
    async send(request: ConnectionRequest): Promise<TransportResponse> {
      const { target, headers = {}, content, size, expect, operation = "send request", ...rest } = request;
      rest.signal?.throwIfAborted();
      const url = typeof target === "string" ? new URL(origin.origin + target) : target;
      const body = content === undefined ? undefined : requestBody(content, size);
      const response = await transport({ ...rest, url, headers, operation, ...(body && { body }) });
      if (onWarning !== undefined) reportWarnings(response, onWarning, { registry: host, operation });
      return await temporaryCheck(response, expect);
    },
    async close() {},
  };
}
