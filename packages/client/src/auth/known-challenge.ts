import type { Challenge } from "@berth/oci";

/** How a host wants us to say who we are. `open`: it asked for nothing when last seen. */
export type KnownChallenge = { readonly scheme: "open" } | { readonly scheme: "basic" } | KnownBearer;

/** A challenge that is answered with a token. */
export interface KnownBearer {
  readonly scheme: "bearer";
  /** Address of the token server as it came; empty when the challenge had none. */
  readonly realm: string;
  /** What the token server calls the registry, where the challenge says it. */
  readonly service?: string;
}

/** What is kept of a `Basic` or `Bearer` challenge: not its scopes, which are those of one request. */
export function knownChallenge({ scheme, parameters }: Challenge): KnownChallenge {
  if (scheme !== "bearer") return { scheme: "basic" };
  const service = parameters.get("service");
  return { scheme, realm: parameters.get("realm") ?? "", ...(service !== undefined && { service }) };
}

/** The challenge again, with scopes in their order. */
export function bearerChallenge(known: KnownBearer, scopes: readonly string[]): Challenge {
  const parameters = new Map([
    ["realm", known.realm],
    ["scope", scopes.join(" ")],
  ]);
  if (known.service !== undefined) parameters.set("service", known.service);
  return { scheme: known.scheme, parameters };
}
