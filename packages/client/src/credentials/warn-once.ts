import type { CredentialWarningHandler } from "./docker-config-store.ts";

/** Passes each problem on to the process, once: who said nothing about warnings still learns why a credential was not found. */
export function warnOnce(): CredentialWarningHandler {
  const told = new Set<string>();
  return ({ message, code }) => {
    if (told.has(message)) return;
    told.add(message);
    process.emitWarning(message, { code });
  };
}
