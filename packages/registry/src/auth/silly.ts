import { formatBearerChallenge, formatScopes } from "@berth/oci";
import { type Authorizer, ChallengeError, type Grant } from "./authorizer.ts";

const SILLY: Grant = { user: { name: "silly" }, allows: () => true };

/** Pretends: whoever sends any `Authorization` may do everything. For tests of clients. */
export function createSillyAuthorizer({ realm, service }: { readonly realm: string; readonly service: string }): Authorizer {
  return {
    authorize({ authorization }, accesses) {
      if (authorization !== undefined && authorization !== "") return SILLY;
      const scope = formatScopes(accesses.map(({ type, name, action }) => ({ type, name, actions: [action] })));
      throw new ChallengeError(formatBearerChallenge({ realm, service, scope }), accesses, "no Authorization");
    },
  };
}
