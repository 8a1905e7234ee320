import {
  createRemoteRegistry,
  type RegistryOptions,
  type RemoteRegistry,
  type StackConnectionOptions,
  staticCredentials,
} from "@berth/client";
import type { TestUser } from "@berth/testkit/parts";
import type { RunningServer, ServerTls } from "./servers.ts";

/** What is to be otherwise than the server wants it; a member that is undefined is left out. */
export interface ClientChanges {
  readonly user?: TestUser | undefined;
  readonly tls?: ServerTls | undefined;
  readonly options?: RegistryOptions & StackConnectionOptions;
}

/** Our client of a server, with the credential and the certificates that it wants. Close it. */
export function clientOf(server: RunningServer, changes: ClientChanges = {}): RemoteRegistry {
  const { user, tls } = { user: server.user, tls: server.tls, ...changes };
  return createRemoteRegistry(server.host, {
    ...(user && { credentials: staticCredentials(server.host, user) }),
    ...(tls && { http: { tls: { ca: tls.ca, ...(tls.client && { cert: tls.client.cert, key: tls.client.key }) } } }),
    ...changes.options,
  });
}
