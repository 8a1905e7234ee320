import type { CallOptions } from "@berth/oci";
import { createTokenCache } from "../auth/token-cache.ts";
import type { Connection } from "../remote/connection.ts";
import { createConnection, type StackConnectionOptions } from "../remote/create-connection.ts";
import { acknowledged } from "../transport/web-page.ts";
import { type Credential, type CredentialSource, type CredentialStore, isAnonymous } from "./credential.ts";
import { InvalidCredentialError } from "./errors.ts";
import { serverAddress } from "./server-address.ts";
import { staticCredentials } from "./static-credentials.ts";

/** Options of {@link login}. */
export interface LoginOptions extends CallOptions {
  /** Where the credential goes when it is good. */
  readonly store: CredentialStore;
  /** How to reach the registry. No transport of your own: it would take the place of the one that proves the credential; see `connect`. */
  readonly connection?: Omit<StackConnectionOptions, "credentials">;
  /** Makes the connection that is asked with the credential, without tokens of earlier ones; closed afterwards. Default `createConnection`. */
  readonly connect?: (registry: string, credentials: CredentialSource) => Connection | Promise<Connection>;
}

/**
 * Proves a credential to its registry by asking for `/v2/`, and keeps it. A credential that is refused is not kept, and does not take the
 * place of one that was kept before. A registry that lets everybody in proves nothing: then the credential is kept as it is.
 *
 * @throws {InvalidCredentialError} when the credential is empty, or the store cannot keep its form.
 * @throws {ResponseError} @throws {AuthError} when the registry, or its token server, refuses.
 * @throws {NetworkError} @throws {CredentialFileError} @throws {CredentialHelperError}
 * @see OCI distribution-spec, "Determining Support"
 */
export async function login(registry: string, credential: Credential, options: LoginOptions): Promise<void> {
  const { store, signal } = options;
  if (isAnonymous(credential)) throw new InvalidCredentialError("it is empty");
  const credentials = staticCredentials(registry, credential); // for no other host, wherever the registry sends us
  const auth = { ...options.connection?.auth, tokenCache: createTokenCache() }; // an old token would prove nothing
  const connect = options.connect ?? (() => createConnection(registry, { ...options.connection, auth, credentials }));
  const connection = await connect(registry, credentials);
  try {
    const response = await connection.send({
      method: "GET",
      target: "/v2/",
      expect: [200],
      operation: "log in",
      ...(signal && { signal }),
    });
    await acknowledged(response);
  } finally {
    await connection.close();
  }
  await store.put(serverAddress(registry), credential, { ...(signal && { signal }) });
}

/**
 * Forgets the credential of a registry; that there is none is no error. Tokens that were made with it live on until they expire.
 *
 * @throws {CredentialFileError} @throws {CredentialHelperError} when the store cannot forget it.
 */
export async function logout(registry: string, options: CallOptions & { readonly store: CredentialStore }): Promise<void> {
  const { store, ...call } = options;
  await store.delete(serverAddress(registry), call);
}
