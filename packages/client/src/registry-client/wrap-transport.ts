import type { AuthOptions } from "../auth/auth-options.ts";
import { basicLayer } from "../auth/basic-layer.ts";
import { bearerLayer } from "../auth/bearer-layer.ts";
import { registryName } from "../auth/registry-name.ts";
import type { Credential, CredentialSource } from "../credentials/credential.ts";
import { staticCredentials } from "../credentials/static-credentials.ts";
import { errorLayer } from "../transport/error-layer.ts";
import { composeTransport, type Transport } from "../transport/transport.ts";
import { parseBaseUrl } from "./base-url.ts";
import type { RegistryClientOptions } from "./options.ts";

/** Who one is, and whether `Basic` may say so. */
export type IdentityOptions = Pick<RegistryClientOptions, "username" | "password" | "disableBasicAuth">;

/**
 * Wraps a transport in what a registry needs: from the inside to the outside tokens, `Basic`, and errors for answers of 400 and above. The
 * counterpart of docker-registry-client's `WrapTransport`.
 *
 * @param url of the registry; user name and password go to its scheme, host and port only.
 * @throws {TypeError} when `url` is no address of a registry.
 */
export function wrapTransport(inner: Transport, url: string, options: IdentityOptions = {}): Transport {
  const { host, origin } = parseBaseUrl(url);
  const { username, password, disableBasicAuth = false } = options;
  const credentials = credentialsOf(host, options);
  const basic = basicLayer({ registry: origin, credential: { ...(username && { username }), ...(password && { password }) } });
  const bearer = bearerLayer({ registry: registryName(host), ...(credentials && { credentials }) });
  return composeTransport(inner, errorLayer(), ...(disableBasicAuth ? [] : [basic]), bearer);
}

/** What the authentication of a client is set to. `Basic` goes out before it is asked for, as docker-registry-client has it. */
export function authOptionsOf({ disableBasicAuth = false }: IdentityOptions): Pick<AuthOptions, "preemptiveBasic" | "disableBasic"> {
  return { preemptiveBasic: !disableBasicAuth, disableBasic: disableBasicAuth };
}

/** Undefined: nobody. */
export function credentialsOf(registry: string, { username, password }: IdentityOptions): CredentialSource | undefined {
  if (!username && !password) return undefined;
  const credential: Credential = { ...(username && { username }), ...(password && { password }) };
  return staticCredentials(registry, credential);
}
