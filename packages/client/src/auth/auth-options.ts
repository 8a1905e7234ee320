import type { CredentialSource } from "../credentials/credential.ts";
import type { RequestHeaders } from "../transport/transport.ts";
import type { TokenGrant } from "./exchange-token.ts";
import type { RealmRules } from "./realm.ts";
import type { ScopeHints } from "./scope-hints.ts";
import type { TokenCache } from "./token-cache.ts";

/** A token came. Nothing in it is secret. */
export interface TokenEvent {
  /** The name people know the registry by. */
  readonly registry: string;
  /** The token server's address, without its query. */
  readonly realm: string;
  /** What the challenge calls the registry, where it does. */
  readonly service?: string;
  /** What was asked for. */
  readonly scopes: readonly string[];
  readonly grant: TokenGrant;
  readonly expiresAt: Date;
}

/** Options of `authLayer`. */
export interface AuthOptions extends RealmRules {
  /** Who we are to which host; default: nobody. Each host is asked for under its own name, also one that a redirect leads to. */
  readonly credentials?: CredentialSource;
  /**
   * The registry that the requests are meant for, by the name people know it by. With it, scope hints and `preemptiveBasic` are for
   * its host only, and a refusal of any other host that nobody has a credential for is the caller's to see. Without: all hosts alike.
   */
  readonly registry?: string;
  /** Default: one of its own. */
  readonly tokenCache?: TokenCache;
  /** What the client calls itself to token servers, in requests by POST; default `berth`. */
  readonly clientId?: string;
  /** Whether user name and password are sent to token servers by POST, as OAuth2 has it; default false. */
  readonly forceOAuth2?: boolean;
  /** Header fields for every request, token requests too, wherever they go: nothing secret. A request's own fields go before them. */
  readonly headers?: RequestHeaders;
  /** Whether user name and password are sent to `registry` before it asks; default false. Has no effect without `registry`. */
  readonly preemptiveBasic?: boolean;
  /** Leaves `Basic` challenges to the caller: user name and password go to token servers only; default false. */
  readonly disableBasic?: boolean;
  /** Scopes that are asked for with every token, beside those of the request. */
  readonly hints?: ScopeHints;
  /** Milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number;
  /** Called for each token that a token server gave. What it throws fails the request. */
  readonly onToken?: (event: TokenEvent) => void;
}
