import { concealed } from "./conceal.ts";
import { type Credential, type CredentialStore, type CredentialTarget, isAnonymous } from "./credential.ts";
import { findEntry, parseDockerConfig } from "./docker-config.ts";
import { addressTarget, matchingKeys } from "./server-address.ts";

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** The text of a docker config.json to begin with. Only its `auths` count: helpers are not memory. */
  readonly dockerConfig?: string;
  /** What the text came from, for errors; default `text`. */
  readonly source?: string;
}

/** A store that knows parts of registries and forgets everything with the process. */
export interface MemoryStore extends CredentialStore {
  /** Undefined when there is none; the most precise key that fits goes first. @throws {CredentialFileError} when that entry of the given text is malformed. */
  find(target: CredentialTarget): Promise<Credential | undefined>;
}

/**
 * Keeps credentials as long as the process lives.
 *
 * @throws {CredentialFileError} when the given text is malformed. One entry that is malformed is an error of the look-up that meets it.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { dockerConfig = "", source = "text" } = options;
  const begun = parseDockerConfig(dockerConfig, source);
  const auths = new Map(begun.auths);
  const added = new Map<string, Credential>();
  const find = (target: CredentialTarget): Credential | undefined => {
    const [key] = matchingKeys([...added.keys(), ...auths.keys()], target);
    const own = key === undefined ? undefined : added.get(key);
    return own === undefined ? findEntry({ ...begun, auths }, target) : concealed(own);
  };
  return {
    get: async (address) => find(addressTarget(address)),
    find: async (target) => find(target),
    async put(address, credential) {
      auths.delete(address);
      if (isAnonymous(credential)) added.delete(address);
      else added.set(address, { ...credential });
    },
    async delete(address) {
      for (const keys of [auths, added]) for (const key of keysToDelete(keys.keys(), address)) keys.delete(key);
    },
  };
}

/** The keys that must go so that an address is not found any more; keys of paths above or below it stay. */
export function keysToDelete(keys: Iterable<string>, address: string): readonly string[] {
  const { registry, repository = "" } = addressTarget(address);
  return matchingKeys(keys, { registry, repository }).filter((key) => (addressTarget(key).repository ?? "") === repository);
}
