import { concealed } from "./conceal.ts";
import type { Credential, CredentialSource } from "./credential.ts";
import { isSameRegistry } from "./server-address.ts";

/** Gives one credential to one registry, under any of its names, and nobody's to all others. */
export function staticCredentials(registry: string, credential: Credential): CredentialSource {
  const kept = concealed(credential);
  return async (target) => (isSameRegistry(target.registry, registry) ? kept : undefined);
}
