import { concealed } from "./conceal.ts";
import type { Credential, CredentialSource } from "./credential.ts";
import { isSameRegistry } from "./server-address.ts";

/** What a credential must hold to prove anything; of any {@link Credential}, whose type does not say what is in it, nothing is asked. */
export type Proof<Given extends Credential> = keyof Credential extends keyof Given
  ? Credential
  : { readonly accessToken: string } | { readonly refreshToken: string } | { readonly username: string; readonly password: string };

/** Gives one credential to one registry, under any of its names, and nobody's to all others. */
export function staticCredentials<Given extends Credential>(registry: string, credential: Given & Proof<Given>): CredentialSource {
  const kept = concealed(credential);
  return async (target) => (isSameRegistry(target.registry, registry) ? kept : undefined);
}
