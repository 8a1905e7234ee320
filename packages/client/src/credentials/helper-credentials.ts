import type { CredentialSource } from "./credential.ts";
import type { CredentialWarningHandler } from "./docker-config-store.ts";
import { CredentialHelperError } from "./errors.ts";
import { createHelperStore, type HelperStoreOptions } from "./helper-store.ts";
import { helperAddresses } from "./server-address.ts";
import { warnOnce } from "./warn-once.ts";

/** Options of {@link helperCredentials}. */
export interface HelperCredentialsOptions extends HelperStoreOptions {
  /** Hears why the helper could not be asked; default `process.emitWarning`, once for each problem. */
  readonly onWarning?: CredentialWarningHandler;
}

/**
 * Asks one credential helper (`ecr-login`, `gcr`), whatever config files say. A helper that fails means "nobody", so that public content can
 * still be pulled; for a push it is an error. The counterpart of ggcr's `NewKeychainFromHelper`.
 *
 * What it returns @throws {CredentialHelperError} when the helper fails and the request is part of a push.
 */
export function helperCredentials(suffix: string, options: HelperCredentialsOptions = {}): CredentialSource {
  const store = createHelperStore(suffix, options);
  const onWarning = options.onWarning ?? warnOnce();
  return async (target, call) => {
    try {
      for (const address of helperAddresses(target.registry)) {
        const found = await store.get(address, call);
        if (found !== undefined) return found;
      }
    } catch (error) {
      if (!(error instanceof CredentialHelperError) || target.purpose === "push") throw error;
      onWarning(error, target);
    }
    return undefined;
  };
}
