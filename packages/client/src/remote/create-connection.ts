import { parseRegistryHost } from "@berth/oci";
import { requestBody } from "../transport/body.ts";
import { checkResponse } from "../transport/check-response.ts";
import { redactUrl } from "../transport/redact.ts";
import type { Transport, TransportResponse } from "../transport/transport.ts";
import type { PlainHttp } from "../auth/registry-address.ts";
import { both } from "./client-hooks.ts";
import type { Connection, ConnectionRequest } from "./connection.ts";
import { originSource } from "./origin.ts";
import { createTransportStack, type TransportStack, type TransportStackOptions } from "./transport-stack.ts";
import { reportWarnings, type WarningHandler } from "./warnings.ts";

/** Options of a connection, whatever its transport is. */
export interface AnyConnectionOptions {
  /** Default `auto`. */
  readonly plainHttp?: PlainHttp;
  /** Called for each warning of each answer; see `onceEach`. */
  readonly onWarning?: WarningHandler;
}

/** A transport of the caller's own. */
export interface OwnTransport {
  /** Takes the place of the whole stack, so that none of its options can be given beside it. */
  readonly transport: Transport;
}

/** Options of a connection with a transport of ours: what to take for options that are passed on with others added. */
export interface StackConnectionOptions extends AnyConnectionOptions, TransportStackOptions {}

/** None of the members of `Type`: giving one of them does not compile. */
export type Without<Type> = { readonly [Name in keyof Type]?: never };

/** Options of {@link createConnection}: what its transport is made of, or one of the caller's own. */
export type ConnectionOptions =
  | (StackConnectionOptions & Without<OwnTransport>)
  | (AnyConnectionOptions & OwnTransport & Without<TransportStackOptions>);

/** Options that make the stack. */
export const STACK_OPTIONS: readonly (keyof TransportStackOptions)[] = [
  "credentials",
  "auth",
  "redirects",
  "retry",
  "userAgent",
  "hooks",
  "log",
  "http",
];

/**
 * Makes the way to one registry. Nothing is sent yet. Connections without options for them share sockets. Tokens, anonymous ones too,
 * belong to the connection: to share them share it, or give connections with the same credentials one `auth.tokenCache`.
 *
 * @param registry host, perhaps with a port: `docker.io`, `localhost:5000`.
 * @throws {InvalidReferenceError} @throws {RangeError} on a number that an option cannot take. @throws {TypeError} when `transport` is given together with options of the stack that it replaces.
 */
export function createConnection(registry: string, options: ConnectionOptions = {}): Connection {
  const host = parseRegistryHost(registry);
  const { plainHttp = "auto", hooks } = options;
  const onWarning = both(options.onWarning, hooks?.onWarning);
  const { transport, base, close } =
    options.transport === undefined ? createTransportStack(host, options) : replaced(options.transport, options);
  const originOf = originSource(host, plainHttp, base);
  return {
    registry: host,
    ...(hooks?.onProgress && { onProgress: hooks.onProgress }),
    async send(request: ConnectionRequest): Promise<TransportResponse> {
      const { target, headers = {}, content, size, expect, again, operation = "send request", ...rest } = request;
      rest.signal?.throwIfAborted();
      const url = typeof target === "string" ? new URL((await originOf(rest)).origin + target) : target;
      if (again !== undefined) hooks?.onRetry?.({ ...again, operation, method: rest.method, url: redactUrl(url) });
      const body = content === undefined ? undefined : requestBody(content, size);
      const response = await transport({ ...rest, url, headers, operation, ...(body && { body }) });
      if (onWarning !== undefined) reportWarnings(response, onWarning, { registry: host, operation });
      return await checkResponse(response, expect);
    },
    close,
  };
}

function replaced(transport: Transport, options: ConnectionOptions): TransportStack {
  const also = STACK_OPTIONS.find((name) => options[name] !== undefined);
  if (also !== undefined) throw new TypeError(`Cannot use ${also} with a transport: it takes the place of what that is for`);
  return { transport, base: transport, close: async () => undefined };
}
