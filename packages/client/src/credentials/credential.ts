import type { CallOptions } from "@berth/oci";

/**
 * What proves who we are to one registry. All absent: nobody.
 *
 * @see docker config.json, `auths`
 */
export interface Credential {
  readonly username?: string;
  readonly password?: string;
  /** A long-lived token that short ones are asked for with; `identitytoken` of a config file. */
  readonly refreshToken?: string;
  /** A token that is sent as it is; `registrytoken` of a config file. */
  readonly accessToken?: string;
}

/** Whose credential is wanted. */
export interface CredentialTarget {
  /** Host, perhaps with a port, as people write it: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** Within the registry; lets credentials differ between its parts. */
  readonly repository?: string;
  /**
   * What for. Where a credential cannot be looked up (a broken helper, an unreadable file), a `pull` goes on without and warns, a `push`
   * (and a login) fails. Default: what the source was made for.
   */
  readonly purpose?: "pull" | "push";
}

/**
 * Finds a credential; undefined: be nobody. What it throws fails the request that the credential is for. The counterpart of oras'
 * `CredentialFunc` and ggcr's `Keychain`.
 */
export type CredentialSource = (target: CredentialTarget, options?: CallOptions) => Promise<Credential | undefined>;

/** Keeps credentials. Stores of the caller's own may throw what they like: it fails the call that asked them. */
export interface CredentialStore {
  /** Undefined when there is none; that is no error. @throws {CredentialFileError} @throws {CredentialHelperError} when it cannot be looked up. */
  get(serverAddress: string, options?: CallOptions): Promise<Credential | undefined>;
  /**
   * Looks up with regard to the repository; stores that know whole registries only lack it. See `storeCredentials`.
   *
   * @throws {CredentialFileError} @throws {CredentialHelperError} as `get` does.
   */
  find?(target: CredentialTarget, options?: CallOptions): Promise<Credential | undefined>;
  /**
   * Keeps a credential in place of the one that was there.
   *
   * @throws {InvalidCredentialError} when the store has no form for it. @throws {PlaintextPutError} when it would be there for all to read.
   * @throws {CredentialFileError} @throws {CredentialHelperError} when it cannot be kept.
   */
  put(serverAddress: string, credential: Credential, options?: CallOptions): Promise<void>;
  /** Deleting what is not there does nothing. @throws {CredentialFileError} @throws {CredentialHelperError} when it cannot be deleted. */
  delete(serverAddress: string, options?: CallOptions): Promise<void>;
}

/** True when there is nothing to prove anything with. */
export function isAnonymous(credential: Credential | undefined): boolean {
  return !(credential?.username || credential?.password || credential?.refreshToken || credential?.accessToken);
}
