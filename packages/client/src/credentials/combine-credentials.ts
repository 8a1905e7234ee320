import type { CredentialSource, CredentialStore } from "./credential.ts";
import { isAnonymous } from "./credential.ts";
import { serverAddress } from "./server-address.ts";

/** Asks a store: with regard to the repository when the store can, else for the registry as a whole. The source @throws what the store does. */
export function storeCredentials(store: CredentialStore): CredentialSource {
  return async (target, options) =>
    store.find === undefined ? await store.get(serverAddress(target.registry), options) : await store.find(target, options);
}

/** Asks sources in turn until one has a credential; an error of one is an error of all. The counterpart of ggcr's `NewMultiKeychain`. */
export function firstCredentials(...sources: readonly CredentialSource[]): CredentialSource {
  return async (target, options) => {
    for (const source of sources) {
      const credential = await source(target, options);
      if (!isAnonymous(credential)) return credential;
    }
    return undefined;
  };
}

/**
 * Makes a store that asks others when the first one has nothing. Puts and deletes go to the first one alone.
 * An error of one is an error of all.
 *
 * @see oras-go, credentials.NewStoreWithFallbacks
 */
export function createFallbackStore(first: CredentialStore, ...others: readonly CredentialStore[]): CredentialStore {
  const stores = [first, ...others];
  const find = firstCredentials(...stores.map(storeCredentials));
  return {
    find,
    get: firstOf(stores),
    put: (address, credential, options) => first.put(address, credential, options),
    delete: (address, options) => first.delete(address, options),
  };
}

function firstOf(stores: readonly CredentialStore[]): CredentialStore["get"] {
  return async (address, options) => {
    for (const store of stores) {
      const credential = await store.get(address, options);
      if (!isAnonymous(credential)) return credential;
    }
    return undefined;
  };
}
